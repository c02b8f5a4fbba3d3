import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { follow, texts } from './follower.ts';
import { newDirectory, startServer } from './server.ts';

test('a run clones a repository of this machine for an admin, below an allowed root only', async () => {
  const root = newDirectory();
  const repository = join(root, 'repository');
  mkdirSync(repository);
  const git = (...args: string[]) =>
    execFileSync('git', ['-c', 'user.name=t', '-c', 'user.email=t@t', '-c', 'init.defaultBranch=main', ...args], {
      cwd: repository,
      stdio: 'ignore',
    });
  git('init');
  writeFileSync(join(repository, 'hello.txt'), 'hello from the repository\n');
  git('add', '.');
  git('commit', '-m', 'first');
  await using own = await startServer({ env: { RUNVOY_LOCAL_GIT_ROOTS: root } });
  const run = await own.run({ command: 'cat hello.txt', git_repo: `file://${repository}` });
  const followed = await follow(run.websocket_url).done;
  expect(texts(followed, 'stdout')).toEqual(['hello from the repository']);
  const outside = await own.run({ command: 'ls', git_repo: 'file:///etc' });
  expect(await own.finished(outside.execution_id)).toMatchObject({ status: 'FAILED', reason: 'git_clone' });
});
