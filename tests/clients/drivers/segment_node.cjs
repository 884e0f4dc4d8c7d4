// Drives Segment's client for Node: `segment_node.cjs FOLDER JOBS`. One client object a job, all at once.
const { createRequire } = require('node:module')
const { readFileSync } = require('node:fs')
const { join } = require('node:path')
const numbered = require('./loads.js')

const folder = process.argv[2]
const { Analytics } = createRequire(join(folder, 'package.json'))('@segment/analytics-node')
const manifest = join(folder, 'node_modules/@segment/analytics-node/package.json')

async function drive(job) {
  // As many in one request as the client ever puts there.
  const flushAt = { heavy: 18, many: 2_500 }[job.load] ?? 15
  const analytics = new Analytics({ writeKey: job.key, host: job.url, flushAt, flushInterval: 200 })
  let said = ''
  const listen = (fault, context) => {
    const reason = fault ?? context?.failedDelivery?.()?.reason
    if (reason) said = String(reason.message ?? reason.reason ?? reason)
  }
  analytics.on('error', listen)
  const userId = job.user
  if (job.load === 'verbs') {
    analytics.identify({ userId, traits: { n: 1, email: `${userId}@example.com` } })
    analytics.track({ userId, event: 'Order Completed', properties: { n: 2, revenue: 19.9 } })
    analytics.page({ userId, category: 'Shop', name: 'Home', properties: { n: 3 } })
    analytics.screen({ userId, category: 'App', name: 'Start', properties: { n: 4 } })
    analytics.group({ userId, groupId: 'club', traits: { n: 5 } })
    analytics.alias({ previousId: `before-${userId}`, userId })
  } else {
    for (const properties of numbered[job.load]()) analytics.track({ userId, event: 'Seen', properties }, listen)
  }
  await analytics.closeAndFlush({ timeout: 200_000 })
  return [job.way, said]
}

async function main() {
  const jobs = JSON.parse(readFileSync(process.argv[3]))
  const said = Object.fromEntries(await Promise.all(jobs.map(drive)))
  console.log(JSON.stringify({ version: JSON.parse(readFileSync(manifest)).version, said }))
}

main()
