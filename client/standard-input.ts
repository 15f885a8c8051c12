/** Requests on standard input, one a line, each answered by a line of JSON. */
import { createInterface } from 'node:readline';

/** Answers in the order of the lines; memory stays flat. Blank lines are passed over, but counted. */
export async function answerLines(
  answerTo: (line: string, number: number) => object | Promise<object>,
): Promise<void> {
  let number = 0;
  for await (const line of createInterface({ input: process.stdin, crlfDelay: Infinity })) {
    number++;
    if (line.trim() === '') continue;
    process.stdout.write(`${JSON.stringify(await answerTo(line, number))}\n`);
  }
}
