/**
 * `POST auth/token`: login by password, and a new token for an old one. Credentials count in the body only:
 * in the URL they would stand in logs. Source: reference §1.1, §1.2.
 */
import type { IncomingMessage } from 'node:http';
import { Refused } from './errors.ts';
import { hasType } from './http.ts';
import type { Sandbox } from './sandbox.ts';

export interface LoggedIn {
  readonly username: string;
  readonly body: { readonly authToken: string; readonly issuedAt: number; readonly endPoint: string };
}

/** @param withPassword false on the API port, which only renews tokens */
export function logIn(
  sandbox: Sandbox,
  request: IncomingMessage,
  body: Buffer,
  withPassword: boolean,
): LoggedIn {
  const { account, endPoint } = sandbox.context;
  sandbox.limits.take('Login');
  if (!hasType(request, 'application/x-www-form-urlencoded'))
    throw new Refused(
      'INVALID_REQUEST_CONTENT',
      'The content type must be application/x-www-form-urlencoded',
    );
  const form = new URLSearchParams(body.toString('utf8'));
  const type = form.get('auth_type');
  if (type === 'token') {
    const { username, ...issued } = account.refresh(request.headers.authorization);
    return { username, body: { ...issued, endPoint: endPoint() } };
  }
  if (type === 'server' || type === 'client')
    throw new Refused('OPERATION_NOT_SUPPORTED', 'The sandbox has no login by certificate');
  if (type !== 'password' || !withPassword)
    throw new Refused(
      'INVALID_PARAMETER',
      withPassword ? 'auth_type must be password or token' : 'auth_type must be token',
    );
  const username = form.get('user_name') ?? '';
  return { username, body: { ...account.logIn(username, form.get('password') ?? ''), endPoint: endPoint() } };
}
