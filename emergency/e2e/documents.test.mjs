// What the documents say is checked against the program and the tree.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { test } from 'node:test';
import { locket } from './harness/locket.mjs';

const root = join(import.meta.dirname, '../..');
const documents = ['README.md', '.github/CONTRIBUTING.md', '.github/SECURITY.md', 'deploy/docs/api.md', 'deploy/docs/audit.md', 'deploy/docs/break-glass.md', 'deploy/docs/format.md', 'deploy/docs/performance.md', 'deploy/docs/print.md'];
const text = (path) => readFileSync(join(root, path), 'utf8');

/** The anchor that GitHub gives a heading. */
function anchor(heading) {
  return heading.toLowerCase().replace(/[`*]/g, '').replace(/[^\p{L}\p{N}\s_-]/gu, '').trim().replace(/ /g, '-');
}

function anchors(markdown) {
  return new Set([...markdown.replace(/^```[^]*?^```/gm, '').matchAll(/^#{1,6}\s+(.*)$/gm)].map(([, heading]) => anchor(heading)));
}

for (const path of documents) {
  test(`${path}: every link leads somewhere`, () => {
    const markdown = text(path);
    const broken = [];
    for (const [, target] of markdown.replace(/^```[^]*?^```/gm, '').matchAll(/\]\(([^)\s]+)\)/g)) {
      if (/^(https?|mailto):/.test(target)) continue;
      const [file, fragment] = target.split('#');
      const full = file ? join(root, dirname(path), file) : join(root, path);
      if (!existsSync(full)) {
        broken.push(target);
      } else if (fragment && !anchors(readFileSync(full, 'utf8')).has(fragment)) {
        broken.push(target);
      }
    }
    assert.deepEqual(broken, []);
  });
}

test('pictures are small and all of them are shown', () => {
  const shown = documents.flatMap((path) =>
    [...text(path).matchAll(/(?:!\[[^\]]*\]\(|src=")([^)"\s]+\.(?:png|jpe?g|svg))/g)].map(([, target]) => relative(root, join(root, dirname(path), target))));
  assert.ok(shown.length >= 2, 'the README shows the reader page and a printed card');
  for (const path of shown) {
    assert.ok(statSync(join(root, path)).size < 150_000, `${path} is larger than 150 kB`);
  }
  const kept = execFileSync('git', ['ls-files', 'deploy/docs/img'], { cwd: root, encoding: 'utf8' }).split('\n').filter(Boolean);
  assert.deepEqual(kept.filter((path) => !shown.includes(path)), [], 'pictures that no document shows');
});

/** The bytes of an annotated dump: hex in groups, then, after two spaces, words. */
function dumped(name) {
  const [, dump] = new RegExp(`<!-- example: ${name} -->\n\`\`\`\n([^]*?)\`\`\``).exec(text('deploy/docs/format.md'));
  return dump.split('\n').map((line) => /^\s*((?:[0-9a-f]{2,} ?)+)(?:\s{2,}|$)/.exec(line)?.[1].replaceAll(' ', '') ?? '').join('');
}

test('the examples of the format are the published vectors', () => {
  const { url } = JSON.parse(text('cards/testdata/vectors/good-digits.json'));
  assert.equal(dumped('good-digits'), BigInt(url.split('#')[1]).toString(16).padStart(2 * 187, '0'));
  const summary = 'front-good-spanish-not-compressed';
  assert.equal(dumped(summary), JSON.parse(text(`emergency/summary/testdata/vectors/${summary}.json`)).cbor_hex);
});

test('every dependency has a line of why, and every line a dependency', () => {
  const [, table] = /\| module \| why \|\n\|[-|]+\|\n((?:\|.*\n)+)/.exec(text('.github/CONTRIBUTING.md'));
  const explained = [...table.matchAll(/^\| `([^`]+)`/gm)].map(([, module]) => module).sort();
  const direct = [...text('go.mod').matchAll(/^\t(\S+) v\S+$/gm)].map(([, module]) => module).sort();
  assert.deepEqual(explained, direct);
});

test('the table of the README is what serve --help says', async () => {
  const { stdout } = await locket(['serve', '--help']);
  const rows = [...stdout.matchAll(/^ {2}(--\S+ \S+) +(.*?)(?: \(default (.*)\))?\n +(LOCKET_\w+)$/gm)].map(([, flag, usage, value, variable]) =>
    `| \`${flag.replace('|', '\\|')}\` | \`${variable}\` | ${value ? `\`${value}\`` : ''} | ${usage} |`);
  assert.ok(rows.length >= 5, stdout);
  const [, table] = /\| flag \| variable \| default \| \|\n\|[-|]+\|\n((?:\|.*\n)+)/.exec(text('README.md'));
  assert.deepEqual(table.trimEnd().split('\n'), rows);
});

test('every command line in the README is understood', async () => {
  const { stdout } = await locket(['--help']);
  const offered = [...stdout.matchAll(/^ {2}([a-z]+(?: [a-z]+)?) {2,}/gm)].map(([, command]) => command);
  for (const command of ['demo', 'serve', 'issue', 'verify', 'export', 'backup', 'restore', 'audit verify', 'keys init', 'bench', 'version']) {
    assert.ok(offered.includes(command), `locket --help does not name ${command}`);
  }
  const lines = [...text('README.md').matchAll(/^(?:go run \.\/cmd\/)?locket ([a-z]+(?: [a-z]+)?)(.*)$/gm)];
  assert.ok(lines.length >= 8, 'the README shows how');
  for (const [line, words, rest] of lines) {
    const command = offered.find((each) => words === each || words.startsWith(`${each} `));
    assert.ok(command, line);
    const { stdout: help } = await locket([...command.split(' '), '--help']);
    for (const [flag] of rest.split('#')[0].matchAll(/--[a-z-]+/g)) assert.ok(help.includes(`${flag} `) || help.includes(`${flag}\n`), `${line}: ${flag}`);
  }
});
