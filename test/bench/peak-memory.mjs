// Preloaded (node --import) into a program that is measured: its peak of resident memory, in kilobytes, into a file.
import { writeFileSync } from 'node:fs';

process.on('exit', () => writeFileSync(process.env.PEAK_MEMORY_FILE, String(process.resourceUsage().maxRSS)));
