/**
 * E-mail addresses as Lytics' engine reads them, which is Go's net/mail.ParseAddress: lenient with names,
 * angle brackets and trailing comments, strict with dots, lists and control characters.
 */

/** What nearly every address is; the long way below comes to the same for it. */
const plain = /^[A-Za-z0-9_+'-]+(?:\.[A-Za-z0-9_+'-]+)*@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)*$/;

const specials = '()[];@\\,';

interface Reader {
  readonly text: string;
  at: number;
}

/** The bare address in lower case, or undefined when the text is not exactly one. */
export function addressOf(text: string): string | undefined {
  if (plain.test(text)) return text.toLowerCase();
  const reader: Reader = { text, at: 0 };
  const found = readAddresses(reader, true);
  if (found?.length !== 1 || !skipComments(reader) || reader.at < text.length) return undefined;
  return lowerCase(found[0] ?? '');
}

/** What stands behind the first @, as the engine has it, even where a quoted @ comes first. */
export function addressDomainOf(text: string): string | undefined {
  const address = addressOf(text);
  return address?.slice(address.indexOf('@') + 1);
}

function readAddresses(reader: Reader, groups: boolean): readonly string[] | undefined {
  skipBlanks(reader);
  if (atEnd(reader)) return undefined;
  const bare = attempt(reader, readBareAddress);
  if (bare !== undefined) {
    skipBlanks(reader);
    if (reader.text[reader.at] === '(' && !skipComment(reader)) return undefined;
    return [bare];
  }
  if (reader.text[reader.at] !== '<' && !readPhrase(reader)) return undefined;
  skipBlanks(reader);
  if (groups && take(reader, ':')) return readGroup(reader);
  if (!take(reader, '<')) return undefined;
  const inner = readBareAddress(reader);
  return inner !== undefined && take(reader, '>') ? [inner] : undefined;
}

function readGroup(reader: Reader): readonly string[] | undefined {
  const members: string[] = [];
  skipBlanks(reader);
  if (take(reader, ';')) return skipComments(reader) ? members : undefined;
  for (;;) {
    const found = readAddresses(reader, false);
    if (found === undefined) return undefined;
    members.push(...found);
    if (!skipComments(reader)) return undefined;
    if (take(reader, ';')) return skipComments(reader) ? members : undefined;
    if (!take(reader, ',')) return undefined;
  }
}

function readBareAddress(reader: Reader): string | undefined {
  skipBlanks(reader);
  const local = reader.text[reader.at] === '"' ? readQuoted(reader) : readAtom(reader, false);
  if (local === undefined || local === '' || !take(reader, '@')) return undefined;
  skipBlanks(reader);
  const domain = readAtom(reader, false);
  return domain === undefined ? undefined : `${local}@${domain}`;
}

/** A display name: at least one word; what cannot be read after one is left for others to refuse. */
function readPhrase(reader: Reader): boolean {
  for (let words = 0; ; words++) {
    if (words > 0 && !skipComments(reader)) return false;
    skipBlanks(reader);
    if (atEnd(reader)) return true;
    const word = reader.text[reader.at] === '"' ? readQuoted(reader) : readAtom(reader, true);
    if (word === undefined) return words > 0;
  }
}

function readQuoted(reader: Reader): string | undefined {
  let quoted = '';
  for (let at = reader.at + 1; at < reader.text.length; at++) {
    let char = reader.text.charAt(at);
    if (char === '"') {
      reader.at = at + 1;
      return quoted;
    }
    if (char === '\\') char = reader.text.charAt(++at);
    if (!isVisible(char) && char !== ' ' && char !== '\t') return undefined;
    quoted += char;
  }
  return undefined;
}

function readAtom(reader: Reader, permissive: boolean): string | undefined {
  const start = reader.at;
  while (isAtomText(reader.text.charAt(reader.at), permissive)) reader.at++;
  const atom = reader.text.slice(start, reader.at);
  if (atom === '') return undefined;
  return !permissive && (atom.startsWith('.') || atom.endsWith('.') || atom.includes('..'))
    ? undefined
    : atom;
}

function isAtomText(char: string, permissive: boolean): boolean {
  if (char === '') return false;
  if (specials.includes(char)) return permissive;
  return !'<>":'.includes(char) && isVisible(char);
}

const isVisible = (char: string): boolean => (char >= '!' && char <= '~') || char >= '\u0080';

function skipComments(reader: Reader): boolean {
  skipBlanks(reader);
  while (reader.text[reader.at] === '(') {
    if (!skipComment(reader)) return false;
    skipBlanks(reader);
  }
  return true;
}

function skipComment(reader: Reader): boolean {
  let depth = 0;
  for (; !atEnd(reader); reader.at++) {
    const char = reader.text[reader.at];
    if (char === '\\' && reader.at + 1 < reader.text.length) reader.at++;
    else if (char === '(') depth++;
    else if (char === ')' && --depth === 0) {
      reader.at++;
      return true;
    }
  }
  return false;
}

function attempt<T>(reader: Reader, read: (reader: Reader) => T | undefined): T | undefined {
  const start = reader.at;
  const found = read(reader);
  if (found === undefined) reader.at = start;
  return found;
}

const atEnd = (reader: Reader): boolean => reader.at >= reader.text.length;

function take(reader: Reader, char: string): boolean {
  if (reader.text[reader.at] !== char) return false;
  reader.at++;
  return true;
}

function skipBlanks(reader: Reader): void {
  while (reader.text[reader.at] === ' ' || reader.text[reader.at] === '\t') reader.at++;
}

/** Letter by letter, as Go does it: İ becomes i, and a final Σ an ordinary σ. */
export const lowerCase = (text: string): string =>
  Array.from(text, (char) => (char === 'İ' ? 'i' : char.toLowerCase())).join('');
