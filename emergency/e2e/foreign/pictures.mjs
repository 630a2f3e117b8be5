// QR codes that others have made, as pictures and as what a camera sees.

import { openSync, readFileSync, writeFileSync, writeSync, closeSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { PNG } from 'pngjs';
import { prepareZXingModule, writeBarcode } from 'zxing-wasm/writer';
import { directory } from '../harness/locket.mjs';

const require = createRequire(import.meta.url);

await prepareZXingModule({ // or it would fetch the file from elsewhere
  overrides: { wasmBinary: readFileSync(require.resolve('zxing-wasm/writer/zxing_writer.wasm')) },
  fireImmediately: true,
});

/**
 * Draws a text as a QR code.
 * @param {string} text
 * @returns {Promise<string>} path of a PNG
 */
export async function codeOf(text) {
  const { image, error } = await writeBarcode(text, { format: 'QRCode', scale: 6 });
  if (error) throw new Error(error);
  const path = join(directory(), 'code.png');
  writeFileSync(path, Buffer.from(await image.arrayBuffer()));
  return path;
}

/**
 * What a camera sees that is held over a picture: the picture in the middle of a grey table, twice the frames of a second.
 * @param {string} picture path of a PNG
 * @returns {string} path of a YUV4MPEG2 file, which Chromium takes for a camera
 */
export function film(picture, { width = 1280, height = 720, frames = 20 } = {}) {
  const { data, width: across, height: down } = PNG.sync.read(readFileSync(picture));
  const scale = Math.max(1, Math.floor((height * 0.9) / down));
  if (scale * across > width || scale * down > height) throw new Error(`${picture} is larger than the picture of the camera`);
  const luma = Buffer.alloc(width * height, 150);
  const [left, top] = [(width - scale * across) >> 1, (height - scale * down) >> 1];
  for (let y = 0; y < scale * down; y++) {
    for (let x = 0; x < scale * across; x++) {
      luma[(top + y) * width + left + x] = data[4 * (Math.floor(y / scale) * across + Math.floor(x / scale))];
    }
  }
  const chroma = Buffer.alloc((width * height) / 2, 128); // grey
  const path = join(directory(), 'camera.y4m');
  const file = openSync(path, 'w');
  writeSync(file, `YUV4MPEG2 W${width} H${height} F10:1 Ip A1:1 C420jpeg\n`);
  for (let i = 0; i < frames; i++) for (const part of [Buffer.from('FRAME\n'), luma, chroma]) writeSync(file, part);
  closeSync(file);
  return path;
}
