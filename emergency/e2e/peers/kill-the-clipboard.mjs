// @ts-check
// kill-the-clipboard as a peer of `locket bench`: it issues SMART Health Cards with their QR codes for as long as it is told, and says how many and at what
// cost. It speaks the protocol of the benchmark's children (emergency/bench/child.go): one JSON value a line, in and out, until its input ends.

import { generateKeyPairSync } from 'node:crypto';
import { createInterface } from 'node:readline';

import { SHCIssuer } from 'kill-the-clipboard';

const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const issuer = new SHCIssuer({
  issuer: 'https://peer.example',
  privateKey: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
  publicKey: publicKey.export({ type: 'spki', format: 'pem' }).toString(),
});

/** @type {any} */
let bundle;

/** @param {unknown} value */
const say = (value) => process.stdout.write(`${JSON.stringify(value)}\n`);

/** Nanoseconds of processor time so far. */
const cpu = () => {
  const { user, system } = process.cpuUsage();
  return (user + system) * 1000;
};

/** @param {number} nanoseconds */
async function issueFor(nanoseconds) {
  const took = [];
  const before = cpu();
  const begun = process.hrtime.bigint();
  for (let at = begun; Number(at - begun) < nanoseconds; ) {
    const card = await issuer.issue(bundle);
    const [picture] = await card.asQR();
    if (!picture) throw new Error('no picture');
    const now = process.hrtime.bigint();
    took.push(Number(now - at));
    at = now;
  }
  took.sort((a, b) => a - b);
  /** @param {number} percent */
  const quantile = (percent) => took[Math.max(Math.ceil((took.length * percent) / 100), 1) - 1] ?? 0;
  return {
    count: took.length, wall: Number(process.hrtime.bigint() - begun), cpu: Math.round(cpu() - before), p50: quantile(50), p99: quantile(99),
  };
}

/** @param {any} message */
async function obey(message) {
  if (bundle === undefined) {
    bundle = JSON.parse(Buffer.from(message.document, 'base64').toString());
    return { address: 'none' };
  }
  if (message.do === 'usage') return { usage: { cpu: cpu(), resident: process.memoryUsage().rss, entries: 0 } };
  if (message.do === 'issue') return { sample: await issueFor(message.time) };
  return {};
}

for await (const line of createInterface({ input: process.stdin })) {
  say(await obey(JSON.parse(line)).catch((/** @type {Error} */ error) => ({ error: error.message })));
}
