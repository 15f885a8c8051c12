/** What exports of Responsys write where there is no value. In lower case. */
export const noValue: ReadonlySet<string> = new Set(['', 'null', 'unknown', '0', '-1']);
