/** The default mapping's text. Read once, with the module, as its code is: what the language does is pure. */
import { readFileSync } from 'node:fs';

export const defaultMappingText = readFileSync(new URL('./responsys_events.lql', import.meta.url), 'utf8');
