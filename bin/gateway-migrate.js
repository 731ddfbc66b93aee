#!/usr/bin/env node
import module from 'node:module';

// Node 22.1 and newer keep compiled code between runs; older ones do without.
module.enableCompileCache?.();
const { main } = await import('../dist/main.js');
await main(process.argv.slice(2));
