/**
 * Plays a series of stories as a child process and sends back the figures; see apart.ts.
 */
import { playSeries, type Series } from './figures.js';

process.send?.(await playSeries(JSON.parse(process.argv[2] ?? '') as Series));
