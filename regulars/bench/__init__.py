"""How fast it is, told as shares of a raw limit measured in the same run on the same machine.

Each bench is one module here (`ingest`, `flow`, `likeness`, `moment`, `search`) with one function

    def run(settings: Settings, *, size: int | None = None) -> dict[str, Any]:
        ...  # {"ratios": {"of_raw_insert": 0.31}, "raw": {"seconds": 1.2, "seed": 7, ...}}

`ratios` holds the numbers that have a bar, `raw` what they were made of, with the seed. `size` asks for fewer events or
requests than the bench's own constant (smoke tests); None means the size at which the bar is meant. A bench makes
its own database and its own load and leaves nothing behind. `regulars bench NAME --json` prints the answer as one
JSON object. Notes on the scenarios stand in `bench/` at the root of the repository.

Takes: settings. Gives: ratios and what they were made of. Writes: nothing outside its own scratch database. Never: runs
against the brand's own data.
"""
