/** Loaded into the real program by NODE_OPTIONS: writes its processor time at exit to CPU_FILE, in milliseconds. */
import { writeFileSync } from 'node:fs';

process.on('exit', () => {
  const { user, system } = process.cpuUsage();
  writeFileSync(process.env.CPU_FILE, `${(user + system) / 1000}`);
});
