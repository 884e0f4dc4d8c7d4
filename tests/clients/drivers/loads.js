// The track events of each load, as in loads.py.
const PACE = 10 // events of one request while many are sent
const numbered = {
  large: () => [31_000, 33_000].map((size, at) => ({ n: at + 1, filling: 'x'.repeat(size) })),
  heavy: () => Array.from({ length: 18 }, (_, n) => ({ n, filling: 'x'.repeat(27_500) })),
  many: () => Array.from({ length: 2_500 }, (_, n) => ({ n })),
}
if (typeof module !== 'undefined') module.exports = numbered
