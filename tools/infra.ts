#!/usr/bin/env node
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { PlanProblem, planOffline } from './infra/plan-offline.ts';
import { planText } from './infra/plan-text.ts';

const USAGE = `usage: node tools/infra.ts plan minimal|production <file of values, *.tfvars>

Says what a first deployment would make, without a project and without asking Google anything. Needs terraform.`;

async function main([command, example = '', values = '']: readonly string[]): Promise<void> {
  if (command !== 'plan' || !['minimal', 'production'].includes(example) || values === '') throw new PlanProblem(USAGE);
  const file = resolve(values);
  if (!existsSync(file)) throw new PlanProblem(`There is no file ${values}.`);
  process.stdout.write(planText(await planOffline(example, file)));
}

main(process.argv.slice(2)).then(
  () => process.exit(0),
  (error: unknown) => {
    const isMissing = (error as NodeJS.ErrnoException).code === 'ENOENT';
    const expected = error instanceof PlanProblem ? error.message : undefined;
    const text = isMissing
      ? 'There is no terraform on this machine: https://developer.hashicorp.com/terraform/install'
      : expected;
    process.stderr.write(`${text ?? String(error)}\n`);
    process.exit(1);
  },
);
