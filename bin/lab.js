#!/usr/bin/env node
/**
 * The front door: answers at once what prompts and scripts ask most, sets Node up for a short run, and loads the
 * program. CommonJS, see package.json beside it: Node starts it without its second module loader.
 */
'use strict';

const { mkdirSync, statSync, writeSync } = require('node:fs');
const { isAbsolute } = require('node:path');

/** The newest Node that this was tried with. */
const newestNode = 26;

/** Whether this was all that was asked. Where it cannot be written, the program says so as it always does. */
function answered([option, ...others]) {
  if (others.length > 0) return false;
  try {
    if (option === '--version' || option === '-V') return write(`${require('../package.json').version}\n`);
    // On a terminal or with COLUMNS, the help depends on the width.
    if (option === '--help' && !process.env.COLUMNS && !require('node:tty').isatty(1)) {
      return write(require('../dist/help.cjs'));
    }
  } catch {
    // A closed pipe, a full disk.
  }
  return false;
}

/** What is as short as these texts is written whole or not at all. */
function write(text) {
  writeSync(1, text);
  return true;
}

/**
 * From Node 22 on, compiled code is kept for the next run. In the user's own folder only: who could write to
 * it could run code here.
 */
function keepCompiledCode() {
  const { enableCompileCache } = require('node:module');
  const { HOME: home, XDG_CACHE_HOME: cache } = process.env;
  // A relative path is to be ignored, says the XDG specification: it would lead into whatever folder this runs in.
  const [owned, folder] = cache && isAbsolute(cache) ? [cache, cache] : [home, `${home}/.cache`];
  if (enableCompileCache === undefined || !owned) return;
  try {
    if (statSync(owned).uid !== process.getuid?.()) return;
    // Node would make them as well, but where it cannot, as in /proc, it never stops trying.
    for (const each of [folder, `${folder}/nublado-lab`]) makeFolder(each);
    enableCompileCache(`${folder}/nublado-lab`);
  } catch {
    // Not there, so nothing is kept.
  }
}

function makeFolder(path) {
  try {
    mkdirSync(path, { mode: 0o700 });
  } catch (error) {
    if (error.code !== 'EEXIST') throw error;
  }
}

/**
 * V8 takes undici's HTTP parser for hot code after three small answers and optimises it, for 80 ms of another thread
 * that the end of the process waits for, and for 20 to 40 MB; a million events come no faster for that. So WebAssembly
 * is only compiled (by "Liftoff"): neither in two steps from the start nor where it has become hot.
 */
function staySmall() {
  // V8 complains on stderr about an option that it does not know.
  if (Number.parseInt(process.versions.node, 10) > newestNode) return;
  const { setFlagsFromString } = require('node:v8');
  setFlagsFromString('--no-wasm-tier-up');
  setFlagsFromString('--no-wasm-dynamic-tiering');
}

if (!answered(process.argv.slice(2))) {
  keepCompiledCode();
  staySmall();
  require('../dist/main.cjs');
}
