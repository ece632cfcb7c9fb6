/**
 * Plays a series of stories as a child process and sends back the figures. In the test's own process it would take
 * twice as long: the test runner follows every promise there.
 */
import { playSeries, type Series } from './figures.js';

process.send?.(await playSeries(JSON.parse(process.argv[2] ?? '') as Series));
