// The real program, started on a fresh data directory and stopped again.

import { execFile, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** Path of the binary, built once by deploy/test.sh. */
export const binary = process.env.LOCKET_BIN ?? missing('LOCKET_BIN');

function missing(name) {
  throw new Error(`${name} is not set: run ./deploy/test.sh, or build cmd/locket and set it`);
}

/**
 * Runs one command of the program to its end.
 * @param {string[]} args
 * @param {{ input?: string | Buffer, env?: Record<string, string> }} [options]
 * @returns {Promise<{ code: number, stdout: string, stderr: string }>}
 */
export async function locket(args, options = {}) {
  const child = run(binary, args, { maxBuffer: 64 << 20, env: { ...process.env, ...options.env } });
  child.child.stdin.on('error', () => {}); // a command that reads nothing may end before this is written
  child.child.stdin.end(options.input ?? '');
  try {
    const { stdout, stderr } = await child;
    return { code: 0, stdout, stderr };
  } catch (error) {
    if (typeof error.code !== 'number') throw error;
    return { code: error.code, stdout: error.stdout, stderr: error.stderr };
  }
}

const directories = [];
const programs = new Set();

process.once('exit', () => {
  for (const child of programs) child.kill('SIGKILL');
  for (const dir of directories) rmSync(dir, { recursive: true, force: true });
});

/** A directory of its own for one test, removed when the process ends. */
export function directory() {
  const dir = mkdtempSync(join(tmpdir(), 'locket-e2e-'));
  directories.push(dir);
  return dir;
}

/** A TCP port of the loopback interface that nobody uses at this moment. */
export async function freePort() {
  const server = createServer();
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address();
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** One running `locket serve` or `locket demo`. */
export class Program {
  #child;
  /** Everything it printed, for the tests that search its logs. */
  output = '';

  /**
   * @param {string[]} args
   * @param {string} base where it answers, such as http://localhost:8080
   */
  static async start(args, base) {
    const program = new Program();
    program.base = base;
    const child = spawn(binary, args, { stdio: ['ignore', 'pipe', 'pipe'] });
    program.#child = child;
    const keep = (chunk) => { program.output += chunk; };
    child.stdout.setEncoding('utf8').on('data', keep);
    child.stderr.setEncoding('utf8').on('data', keep);
    programs.add(child);
    child.once('exit', () => programs.delete(child));
    await program.#ready();
    return program;
  }

  get pid() {
    return this.#child.pid;
  }

  async #ready() {
    const deadline = Date.now() + 30_000;
    while (Date.now() < deadline) {
      if (this.#child.exitCode !== null) {
        throw new Error(`locket ended with ${this.#child.exitCode} before it was ready:\n${this.output}`);
      }
      const answer = await fetch(`${this.base}/readyz`).catch(() => null);
      if (answer?.ok) return;
      await pause(20);
    }
    throw new Error(`locket was not ready after 30 s:\n${this.output}`);
  }

  /** Ends it as an operator would, and tells its exit code. */
  async stop(signal = 'SIGTERM') {
    if (this.#child.exitCode !== null) return this.#child.exitCode;
    const ended = new Promise((resolve) => this.#child.once('exit', (code) => resolve(code)));
    this.#child.kill(signal);
    return ended;
  }
}
