/**
 * Endpoint URIs: each form that the specification names, with or without `https://`. A login is only ever
 * sent to Oracle's hosts, or to those that the operator allows by an explicit setting.
 */
import { ExpectedError } from '../../jobs/errors.ts';

/** Source: Oracle's REST guide, auth-endpoints; that no other suffix exists is inferred. */
const oracleSuffixes = ['.responsys.net', '.rsys8.net', '.rsys9.net', '.responsys.ocs.oraclecloud.com'];

/**
 * @param allowHosts `host:port` besides Oracle's; these may be spoken to without TLS
 * @returns the origin, such as `https://login2.responsys.net`
 * @throws ExpectedError that names the value and what would be right
 */
export function normaliseEndpointUri(text: string, allowHosts: readonly string[]): string {
  const trimmed = text.trim();
  const url = URL.parse(/^https?:\/\//i.test(trimmed) ? trimmed : `https://${trimmed}`);
  // A password pasted into the address must not be printed.
  const shown = trimmed.replace(/^(https?:\/\/)?.*@/i, '$1…@');
  const right =
    'expected login2.responsys.net, login.rsys8.net, or AccountToken-api.responsys.ocs.oraclecloud.com';
  const refuse = (why: string): ExpectedError =>
    new ExpectedError('INPUT_NOT_VALID', `Endpoint URI: "${shown}" ${why}; ${right}.`);
  if (url === null || url.hostname === '') throw refuse('is no host');
  if (url.username !== '' || url.password !== '') throw refuse('has a user name in it');
  if (url.pathname !== '/' || url.search !== '' || url.hash !== '') throw refuse('has more than a host');
  const port = url.port === '' ? (url.protocol === 'https:' ? '443' : '80') : url.port;
  if (allowHosts.includes(`${url.hostname}:${port}`)) return url.origin;
  if (!oracleSuffixes.some((suffix) => url.hostname.endsWith(suffix))) throw refuse('is no host of Oracle’s');
  if (url.protocol !== 'https:') throw refuse('is not https');
  if (url.port !== '') throw refuse('names a port');
  return url.origin;
}
