import { openConnection } from '../connection.ts';
import type { Invocation } from '../invocation.ts';
import { openApi } from '../open-api.ts';
import { readRunRequest } from '../run-request.ts';
import { submitAndFollow } from '../submit-and-follow.ts';

/** `runvoy run`: hands in a command, follows it to its end and exits with its code. */
export async function run(invocation: Invocation): Promise<number> {
  const file = invocation.options.text('file');
  const job = file === undefined ? {} : await (await import('../job-file.ts')).readJobFile(file);
  const request = readRunRequest(invocation, job);
  const api = openApi(await openConnection(invocation));
  return submitAndFollow(invocation, {
    api,
    grace: request.grace,
    submit: (key, call) => api.run(request, key, call),
  });
}
