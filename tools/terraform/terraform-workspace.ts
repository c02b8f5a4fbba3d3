import { spawn } from 'node:child_process';
import { cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { TERRAFORM } from './configuration.ts';
import { keptSchema } from './kept-schema.ts';
import { serveSchema } from './schema-provider.ts';

export interface Ran {
  readonly status: number | null;
  readonly output: string;
}

/** A copy of the configuration that Terraform may work in. */
export interface TerraformWorkspace extends AsyncDisposable {
  readonly folder: string;
  /** Runs Terraform in a folder of the copy; never reads the user's own settings. */
  run(folder: string, ...args: readonly string[]): Promise<Ran>;
  /** What an expression of Terraform's comes to in a folder of the copy, as its console prints it. */
  evaluate(folder: string, expression: string, ...args: readonly string[]): Promise<Ran>;
}

/** A resource as Terraform would make it. What only Google can tell is absent. */
export interface PlannedResource {
  readonly address: string;
  readonly type: string;
  readonly name: string;
  readonly after: Readonly<Record<string, unknown>>;
  /** The same shape, with `true` for what only Google can tell. */
  readonly after_unknown: Readonly<Record<string, unknown>>;
}

const LIMIT_MS = 120_000;

/**
 * Opens a copy in a new directory. In the place of the google provider stands its schema, unless `installed` says that Terraform
 * finds the real one by itself. When `signal` is aborted, what runs ends and rejects.
 */
export async function openTerraformWorkspace({
  installed = false,
  signal,
}: { readonly installed?: boolean; readonly signal?: AbortSignal | undefined } = {}): Promise<TerraformWorkspace> {
  const folder = mkdtempSync(join(tmpdir(), 'runvoy-terraform-'));
  cpSync(TERRAFORM, folder, { recursive: true });
  const settings = join(folder, 'no-settings.tfrc');
  writeFileSync(settings, '');
  const provider = installed ? undefined : await serveSchema(keptSchema());
  const env = {
    ...process.env,
    ...provider?.environment,
    TF_CLI_CONFIG_FILE: settings,
    TF_IN_AUTOMATION: '1',
    CHECKPOINT_DISABLE: '1',
  };
  function started(below: string, input: string, args: readonly string[]): Promise<Ran> {
    return new Promise((resolve, reject) => {
      const cwd = join(folder, below);
      const child = spawn('terraform', args, { cwd, env, stdio: 'pipe', timeout: LIMIT_MS, ...(signal && { signal }) });
      const pieces: Buffer[] = [];
      for (const stream of [child.stdout, child.stderr]) stream.on('data', (piece: Buffer) => pieces.push(piece));
      // One that reads nothing may have closed it.
      child.stdin.on('error', () => undefined).end(input);
      child.on('error', reject);
      child.on('close', (status) => resolve({ status, output: Buffer.concat(pieces).toString() }));
    });
  }

  return {
    folder,
    run: (below, ...args) => started(below, '', args),
    evaluate: (below, expression, ...args) => started(below, `${expression}\n`, ['console', ...args]),
    async [Symbol.asyncDispose]() {
      await provider?.[Symbol.asyncDispose]();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** What a run of `terraform test -json -verbose` planned. Fails with what Terraform said when there is no plan. */
export function plannedBy({ output }: Ran): readonly PlannedResource[] {
  const plan = output
    .split('\n')
    .flatMap((line) => (line.startsWith('{') ? [JSON.parse(line) as { test_plan?: TestPlan }] : []))
    .find((message) => message.test_plan !== undefined)?.test_plan;
  if (plan === undefined) throw new Error(`Terraform made no plan:\n${output}`);
  return plan.resource_changes
    .filter(({ mode }) => mode === 'managed')
    .map(({ address, type, name, change: { after, after_unknown } }) => ({
      address,
      type,
      name,
      after,
      after_unknown,
    }));
}

interface TestPlan {
  readonly resource_changes: readonly {
    readonly address: string;
    readonly mode: string;
    readonly type: string;
    readonly name: string;
    readonly change: Pick<PlannedResource, 'after' | 'after_unknown'>;
  }[];
}
