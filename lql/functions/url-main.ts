/**
 * Host and path of a URL as Lytics' engine reads it, which is Go's url.Parse: letter case, port, dots and
 * doubled slashes stay, the path is percent-decoded, and a text without a scheme is a path. WHATWG's URL would
 * give other texts, and so other hashes.
 */

const pathOnly = /^[^%#?]*$/;

/** @returns host and path, "" for an opaque URL such as mailto:, undefined for what cannot be read */
export function urlMainOf(text: string): string | undefined {
  const hash = text.indexOf('#');
  const whole = hash < 0 ? text : text.slice(0, hash);
  if (hash >= 0 && !hasSoundEscapes(text.slice(hash + 1))) return undefined;
  // eslint-disable-next-line no-control-regex -- control characters are what is looked for
  if (/[\u0000-\u001f\u007f]/.test(whole)) return undefined;
  if (whole === '*') return whole;
  const scheme = schemeLength(whole);
  if (scheme === undefined) return undefined;
  const question = whole.indexOf('?', scheme);
  const rest = whole.slice(scheme, question < 0 ? undefined : question);
  if (!rest.startsWith('/')) {
    if (scheme > 0) return '';
    return /^[^/]*:/.test(rest) ? undefined : unescaped(rest);
  }
  if (!rest.startsWith('//') || (scheme === 0 && rest.startsWith('///'))) return unescaped(rest);
  const slash = rest.indexOf('/', 2);
  const host = hostOf(slash < 0 ? rest.slice(2) : rest.slice(2, slash));
  const path = slash < 0 ? '' : unescaped(rest.slice(slash));
  return host === undefined || path === undefined ? undefined : host + path;
}

/** Characters of the scheme with its colon, 0 without one, undefined for a colon at the very start. */
function schemeLength(text: string): number | undefined {
  if (text.startsWith(':')) return undefined;
  const found = /^[A-Za-z][A-Za-z0-9+.-]*:/.exec(text);
  return found === null ? 0 : found[0].length;
}

function hostOf(authority: string): string | undefined {
  const at = authority.lastIndexOf('@');
  const user = at < 0 ? '' : authority.slice(0, at);
  if (!/^[A-Za-z0-9\-._:~!$&'()*+,;=%@]*$/.test(user) || !hasSoundEscapes(user)) return undefined;
  const host = authority.slice(at + 1);
  if (/^[A-Za-z0-9.-]*$/.test(host)) return host;
  const bracket = host.startsWith('[') ? host.lastIndexOf(']') : 0;
  if (bracket < 0) return undefined;
  const colon = host.startsWith('[') ? bracket + 1 : host.lastIndexOf(':');
  const port = colon < 0 ? '' : host.slice(colon);
  if (!/^(?::\d*)?$/.test(port)) return undefined;
  if (!/^(?:[A-Za-z0-9\-_.~!$&'()*+,;=:[\]<>"%]|[^\0-\x7f])*$/.test(host)) return undefined;
  // An escaped host may hold bytes beyond ASCII only, and the percent sign of an IPv6 zone.
  return /%(?!25)[0-7]/.test(host) ? undefined : unescaped(host);
}

const hasSoundEscapes = (text: string): boolean => !/%(?![0-9A-Fa-f]{2})/.test(text);

function unescaped(text: string): string | undefined {
  if (pathOnly.test(text)) return text;
  if (!hasSoundEscapes(text)) return undefined;
  return text.replace(/(?:%[0-9A-Fa-f]{2})+/g, (run) =>
    Buffer.from(run.replaceAll('%', ''), 'hex').toString('utf8'),
  );
}
