#!/usr/bin/env node
/**
 * The package's bin, for any Node from 20 on: hands over to the Node 24 that comes with the package, which
 * runs TypeScript as it is.
 */
import process from 'node:process';
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';

const bundled = join(import.meta.dirname, '..', 'node_modules', 'node', 'bin', 'node');
const node = existsSync(bundled) ? bundled : process.execPath;
const { status, signal } = spawnSync(node, [join(import.meta.dirname, 'main.ts'), ...process.argv.slice(2)], {
  stdio: 'inherit',
});
process.exitCode = status ?? (signal === 'SIGINT' ? 130 : 1);
