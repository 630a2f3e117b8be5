// Reads names of greyscale PGM files from standard input, one a line, and writes what foreign decoders find in each as a line of JSON:
// {"file": NAME, "texts": {"zxing-wasm": TEXT, "jsqr": TEXT}}, with "" where nothing is found. `locket bench print` runs it.
//
//   node decode.mjs FOLDER     with the packages of FOLDER/node_modules

import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

const require = createRequire(join(process.argv[2] ?? join(import.meta.dirname, '..'), 'package.json'));
const jsQR = require('jsqr');
const { prepareZXingModule, readBarcodes } = require('zxing-wasm/reader');

await prepareZXingModule({ // or it would fetch the file from elsewhere
  overrides: { wasmBinary: readFileSync(require.resolve('zxing-wasm/reader/zxing_reader.wasm')) },
  fireImmediately: true,
});

/** A file as pixels, red, green, blue and opaque. */
function pixels(/** @type {string} */ file) {
  const content = readFileSync(file);
  const header = /^P5\n(\d+) (\d+)\n255\n/.exec(content.subarray(0, 32).toString('latin1'));
  if (!header) throw new Error(`${file} is no PGM`);
  const [width, height] = [Number(header[1]), Number(header[2])];
  const grey = content.subarray(header[0].length);
  if (grey.length !== width * height) throw new Error(`${file} has ${grey.length} pixels, not ${width} x ${height}`);
  const data = new Uint8ClampedArray(4 * grey.length);
  const words = new Uint32Array(data.buffer);
  for (let i = 0; i < grey.length; i++) words[i] = 0xff000000 | (grey[i] * 0x010101);
  return { data, width, height, colorSpace: /** @type {const} */ ('srgb') };
}

for await (const file of createInterface({ input: process.stdin })) {
  const picture = pixels(file);
  const [zxing] = await readBarcodes(picture, { formats: ['QRCode'], tryHarder: true, maxNumberOfSymbols: 1 });
  const jsqr = jsQR(picture.data, picture.width, picture.height, { inversionAttempts: 'dontInvert' });
  process.stdout.write(`${JSON.stringify({ file, texts: { 'zxing-wasm': zxing?.text ?? '', jsqr: jsqr?.data ?? '' } })}\n`);
}
