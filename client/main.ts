/** Starts the command line with compiled code kept beside the packages: a command then starts in half the time. */
import { enableCompileCache } from 'node:module';
import { join } from 'node:path';

enableCompileCache(join(import.meta.dirname, '..', 'node_modules', '.cache', 'node'));
await import('./command-line.ts');
