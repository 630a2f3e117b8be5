// What comes out of the printer: pages of a PDF, measured, drawn with the dots
// of a card printer and read back by a scanner that knows nothing of Locket.

import { execFile } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { directory } from './locket.mjs';

const run = promisify(execFile);

/** Points of a PDF in a millimetre. */
export const point = 72 / 25.4;

/**
 * Prints the page as the browser would, in the size the page asks for.
 * @param {import('playwright-core').Page} page
 */
export async function print(page) {
  const path = join(directory(), 'print.pdf');
  writeFileSync(path, await page.pdf({ preferCSSPageSize: true, printBackground: false }));
  return path;
}

/** Pages of a PDF: `[{ width, height }]` in millimetres. */
export async function pages(pdf) {
  const { stdout: info } = await run('pdfinfo', [pdf]);
  const count = Number(/^Pages:\s+(\d+)/m.exec(info)[1]);
  const { stdout } = await run('pdfinfo', ['-f', '1', '-l', String(count), pdf]);
  return [...stdout.matchAll(/^Page\s+\d+ size:\s+([\d.]+) x ([\d.]+) pts/gm)]
    .map(([, width, height]) => ({ width: Number(width) / point, height: Number(height) / point }));
}

/** Draws one page with that many dots an inch; returns the path of a PNG. */
export async function raster(pdf, number = 1, dpi = 300) {
  const path = join(directory(), `page-${number}`);
  await run('pdftoppm', ['-r', String(dpi), '-f', String(number), '-l', String(number), '-singlefile', '-png', pdf, path]);
  return `${path}.png`;
}

/** Texts of all QR codes in a picture, by zbarimg; empty when it finds none. */
export async function scan(picture) {
  try {
    const { stdout } = await run('zbarimg', ['--quiet', '--raw', '-Sdisable', '-Sqrcode.enable', picture]);
    return stdout.split('\n').filter(Boolean);
  } catch (error) {
    if (error.code === 4) return []; // zbarimg: no symbol found
    throw error;
  }
}

/** The words of a PDF, as somebody would copy them out. */
export async function words(pdf) {
  const { stdout } = await run('pdftotext', ['-layout', pdf, '-']);
  return stdout;
}
