// Two readers of QR codes that know nothing of each other, nor of Locket: zbarimg of Debian and zxing-cpp as published for browsers.

import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { promisify } from 'node:util';
import { prepareZXingModule, readBarcodes } from 'zxing-wasm/reader';

const run = promisify(execFile);
const require = createRequire(import.meta.url);

await prepareZXingModule({ // or it would fetch the file from elsewhere
  overrides: { wasmBinary: readFileSync(require.resolve('zxing-wasm/reader/zxing_reader.wasm')) },
  fireImmediately: true,
});

/** @param {string} picture path of a PNG */
async function zxing(picture) {
  const codes = await readBarcodes(readFileSync(picture), { formats: ['QRCode'], tryHarder: true });
  return codes.filter(({ isValid }) => isValid).map(({ text }) => text);
}

/** @param {string} picture path of a PNG */
async function zbar(picture) {
  const args = ['--quiet', '--raw', '--nodbus', '-Sdisable', '-Sqrcode.enable', picture];
  const { stdout } = await run('zbarimg', args, { maxBuffer: 16 << 20 }).catch((error) => {
    if (error.code === 4) return { stdout: '' }; // no symbol found
    throw error;
  });
  return stdout.split(/(?<!\r)\n/).filter(Boolean); // a contact has lines of its own, which end in CR LF
}

/**
 * The texts of all codes of a picture, sorted, by each reader.
 * @param {string} picture path of a PNG
 * @returns {Promise<Record<'zbarimg' | 'zxing-wasm', string[]>>}
 */
export async function decode(picture) {
  return { zbarimg: (await zbar(picture)).sort(), 'zxing-wasm': (await zxing(picture)).sort() };
}
