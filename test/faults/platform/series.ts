/**
 * Plays a series of stories at a platform as a child process and sends back the figures; see ../apart.ts.
 */
import type { Series } from '../figures.js';
import { playSeries } from './figures.js';

process.send?.(await playSeries(JSON.parse(process.argv[2] ?? '') as Series));
