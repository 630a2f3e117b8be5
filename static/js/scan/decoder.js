// @ts-check
// QR codes in pictures: by the browser's own detector where it has one that works, else by zxing-cpp compiled to WebAssembly, from this origin.

const DECODER = new URL('../../vendor/zxing-wasm/', import.meta.url);
const MOST_CODES = 8; // of one picture
const LARGEST = 4096; // pixels of a side: a larger picture is made smaller first

/** @typedef {HTMLVideoElement | ImageBitmap} Picture */

export class Decoder {
  constructor() {
    this.native = /** @type {any} */ (null);
    this.wasm = /** @type {Promise<any> | null} */ (null);
    this.canvas = document.createElement('canvas');
  }

  /** Looks for the browser's own detector; the other one is fetched only when it is needed. */
  async prepare() {
    const { BarcodeDetector } = /** @type {any} */ (globalThis);
    const formats = await BarcodeDetector?.getSupportedFormats().catch(() => []);
    if (formats?.includes('qr_code')) this.native = new BarcodeDetector({ formats: ['qr_code'] });
    else await this.zxing();
  }

  /**
   * The texts of the codes of a picture.
   * @param {Picture} picture
   * @param {{thorough?: boolean}} [options]  whether to take time: for a photograph, not for one frame of many
   * @returns {Promise<string[]>}
   */
  async read(picture, { thorough = false } = {}) {
    const found = await this.readNatively(picture);
    if (found.length > 0 || (this.native && !thorough)) return found;
    const { readBarcodes } = await this.zxing();
    const results = await readBarcodes(this.pixels(picture), { formats: ['QRCode'], tryHarder: true, maxNumberOfSymbols: thorough ? MOST_CODES : 1 });
    return results.filter((/** @type {any} */ result) => result.isValid).map((/** @type {any} */ result) => result.text);
  }

  /** @param {Picture} picture */
  async readNatively(picture) {
    if (!this.native) return [];
    try {
      return (await this.native.detect(picture)).map((/** @type {any} */ code) => code.rawValue).filter(Boolean);
    } catch {
      this.native = null; // some systems say that they can, and cannot
      return [];
    }
  }

  zxing() {
    this.wasm ??= load().catch((error) => {
      this.wasm = null; // the next picture tries again
      throw error;
    });
    return this.wasm;
  }

  /** @param {Picture} picture */
  pixels(picture) {
    const [width, height] = picture instanceof HTMLVideoElement ? [picture.videoWidth, picture.videoHeight] : [picture.width, picture.height];
    const scale = Math.min(1, LARGEST / Math.max(width, height));
    this.canvas.width = Math.max(1, Math.round(width * scale));
    this.canvas.height = Math.max(1, Math.round(height * scale));
    const context = /** @type {CanvasRenderingContext2D} */ (this.canvas.getContext('2d', { willReadFrequently: true }));
    context.drawImage(picture, 0, 0, this.canvas.width, this.canvas.height);
    return context.getImageData(0, 0, this.canvas.width, this.canvas.height);
  }
}

async function load() {
  const zxing = await import(new URL('dist/es/reader/index.js', DECODER).href);
  await zxing.prepareZXingModule({
    overrides: { locateFile: (/** @type {string} */ name) => new URL(`dist/reader/${name}`, DECODER).href },
    fireImmediately: true,
  });
  return zxing;
}
