// NFC: what is written to tags is read, and written again to the same bytes, by two libraries of others.

import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { before, describe, test } from 'node:test';
import taptrack from '@taptrack/ndef';
import { fixture } from '../harness/house.mjs';
import { issue } from './issued.mjs';
import { issuer } from './issuer.mjs';

const ndef = createRequire(import.meta.url)('ndef');

/** The tags with the NDEF areas that their data sheets give, in bytes, and what around a message takes room. */
const tags = {
  ntag213: { container: 'e1101200', area: 144, before: '0103a00c34' },
  ntag215: { container: 'e1103e00', area: 496, before: '' },
  ntag216: { container: 'e1106d00', area: 872, before: '' },
};

/** A short record ends before 256 bytes (NDEF 1.0, section 3.2.4). */
const isShort = (message) => (message[0] & 0x10) !== 0;

/** The message in the memory of a Type 2 tag, block by block as NFC Forum T2T section 6 has them, and what stands around it. */
function fromMemory(image) {
  let at = 16; // pages 0 to 3: serial number, locks, capability container
  const skipped = [];
  for (;;) {
    const kind = image[at];
    const long = image[at + 1] === 0xff;
    const length = long ? image.readUInt16BE(at + 2) : image[at + 1];
    const value = at + (long ? 4 : 2);
    const end = value + length;
    if (kind === 0x03) return { skipped: Buffer.concat(skipped), message: image.subarray(value, end), rest: image.subarray(end) };
    assert.ok(kind === 0x01 || kind === 0x02, `block ${kind} before the message`);
    skipped.push(image.subarray(at, end));
    at = end;
  }
}

/** Records as the library `ndef` reads them, and the bytes it makes of them. */
function byNdef(message) {
  const records = ndef.decodeMessage(message);
  return { records: records.map(({ type, value }) => [type, value]), again: Buffer.from(ndef.encodeMessage(records)) };
}

/**
 * The same for `@taptrack/ndef`. It cannot read records of 256 bytes and more (it takes their length from before it knows where that is), but it
 * writes them: so it is given their words.
 */
function byTaptrack(message, said) {
  const { Message, Utils } = taptrack;
  if (!isShort(message)) {
    const records = said.map(([type, value]) => (type === 'U' ? Utils.createUriRecord(value) : Utils.createTextRecord(value, 'en')));
    return { records: said, again: Buffer.from(new Message(records).toByteArray()) };
  }
  const read = Message.fromBytes(message);
  const records = read.getRecords().map((record) => {
    const type = String.fromCharCode(...record.getType());
    return [type, type === 'U' ? Utils.resolveUriRecordToString(record) : Utils.resolveTextRecord(record).content];
  });
  return { records, again: Buffer.from(read.toByteArray()) };
}

describe('NDEF', () => {
  let data;
  before(async () => {
    data = await issuer();
  });

  for (const carrier of ['wallet', 'ntag213', 'ntag215', 'ntag216', 'ntag424']) {
    test(`${carrier}: the message is read and written again the same`, async () => {
      const card = await issue(data, carrier, fixture('adult'));
      const message = card.bytes('card.ndef');
      const first = byNdef(message);
      assert.equal(first.records[0][0], 'U', 'telephones act on the first record');
      assert.ok(first.records.slice(1).every(([type]) => type === 'T'));
      assert.deepEqual(first.again, message);
      const second = byTaptrack(message, first.records);
      assert.deepEqual(second.records, first.records);
      assert.deepEqual(second.again, message);
      if (carrier === 'wallet') { // base64url on a tag, digits on paper
        assert.equal(new URL(first.records[0][1]).pathname, new URL(card.text('card.url')).pathname);
      } else {
        assert.equal(first.records[0][1], card.text('card.url'));
      }
    });
  }

  for (const [carrier, { container, area, before }] of Object.entries(tags)) {
    test(`${carrier}: the memory is that of the tag, with the message in its area`, async () => {
      const card = await issue(data, carrier, fixture('adult'));
      const image = card.bytes('tag.bin');
      const message = card.bytes('card.ndef');
      assert.equal(image.length, 16 + area);
      assert.equal(image.subarray(12, 16).toString('hex'), container);
      const memory = fromMemory(image);
      assert.equal(memory.skipped.toString('hex'), before);
      assert.deepEqual(memory.message, message);
      assert.equal(memory.rest[0], 0xfe, 'an end follows it');
      assert.deepEqual(byNdef(memory.message).again, message);
      const { tag } = card.report;
      assert.deepEqual([tag.area, tag.message], [area, message.length]);
      assert.ok(message.length <= tag.room && tag.room < area, JSON.stringify(tag));
    });
  }

  test('ntag424: the message and its length have room in the file of 256 bytes', async () => {
    const card = await issue(data, 'ntag424', fixture('adult'));
    const { file } = card.json('settings.json');
    const message = card.bytes('card.ndef');
    assert.ok(message.length <= 254, String(message.length));
    assert.equal(file.toLowerCase(), message.length.toString(16).padStart(4, '0') + message.toString('hex'));
  });
});
