#!/usr/bin/env node
import { writeSync } from 'node:fs';
import { version } from '../dist/model/version.js';

const argv = process.argv.slice(2);
let told = false;
if (argv.length === 1 && argv[0] === '--version') {
  // Prompts and scripts ask it so often that nothing is loaded for it. Where it cannot be written, the
  // program itself says so as it always does.
  try {
    writeSync(1, `${version}\n`);
    told = true;
  } catch {
    told = false;
  }
}
if (!told) await import('../dist/main.js');
