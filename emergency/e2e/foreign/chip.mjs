// An NTAG 424 DNA in a few lines: what the chip does with its file at every tap (NT4H2421Gx rev. 3.0, section 9.3), from the settings that
// `locket issue` writes for whoever fills the tag. Its MAC is computed by node-sdm.

import { createCipheriv, randomBytes } from 'node:crypto';
import { createRequire } from 'node:module';

const require = createRequire(import.meta.url);
const ndef = require('ndef');
const sdm = require('node-sdm');

const inHex = (bytes) => bytes.toString('hex').toUpperCase();

/** Data of the command ChangeFileSettings (section 10.7.1): what is mirrored where, in bytes of the file, least significant byte first. */
function readSettings(bytes) {
  const [fileOption, , , sdmOptions, low, high] = bytes;
  if (fileOption !== 0x40) throw new Error('mirrors are off, or the file is not read in plain');
  if (sdmOptions !== 0xc1) throw new Error('serial number and counter are not both mirrored, in ASCII and without a limit');
  const rights = (high << 8) | low; // MetaRead, FileRead, -, CtrRet
  const offset = (at) => bytes.readUIntLE(at, 3);
  return { metaRead: rights >> 12, fileRead: (rights >> 8) & 15, picc: offset(6), macInput: offset(9), mac: offset(12) };
}

export class Chip {
  /**
   * @param {{ file: string, change_file_settings: string, keys: Record<string, string> }} settings those of settings.json
   * @param {string} uid of 7 bytes, in hexadecimal
   */
  constructor({ file, change_file_settings: settings, keys }, uid = '04A1B2C3D4E5F6') {
    this.file = Buffer.from(file, 'hex');
    this.settings = readSettings(Buffer.from(settings, 'hex'));
    this.metaRead = Buffer.from(keys[this.settings.metaRead], 'hex');
    this.fileRead = Buffer.from(keys[this.settings.fileRead], 'hex');
    this.uid = uid;
    this.counter = 0;
    if (this.settings.macInput !== this.settings.mac) throw new Error('node-sdm knows the empty MAC input only');
  }

  /** What a telephone reads when the tag is held to it: length and message, with the mirrors filled in. */
  tap(counter = this.counter + 1) {
    this.counter = counter;
    const told = Buffer.concat([Buffer.from([0xc7]), Buffer.from(this.uid, 'hex'), Buffer.alloc(3), randomBytes(5)]);
    told.writeUIntLE(counter, 8, 3);
    const cipher = createCipheriv('aes-128-cbc', this.metaRead, Buffer.alloc(16)).setAutoPadding(false);
    const read = Buffer.from(this.file);
    read.write(inHex(Buffer.concat([cipher.update(told), cipher.final()])), this.settings.picc, 'latin1');
    read.write(inHex(sdm.calculateCmacData(this.uid, counter, this.fileRead)), this.settings.mac, 'latin1');
    return read;
  }

  /** The address that a telephone opens: that of the first record, whatever else there is. */
  address(counter) {
    const read = this.tap(counter);
    return ndef.decodeMessage(read.subarray(2, 2 + read.readUInt16BE(0)))[0].value;
  }
}
