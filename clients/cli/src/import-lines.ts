import {
  EXPORT_VERSION,
  IMPORT_AT_MOST,
  type ExportedImage,
  type ExportedLog,
  type ExportedPlaybook,
  type ExportedRun,
  type ExportedSecret,
  type ExportedUser,
  type ExportHead,
  type ExportLine,
  type ImageBody,
  type ImportedExecution,
  type RegisterImageRequest,
  type Role,
} from '@runvoy/protocol';
import { RunvoyError, type RunvoyClient } from '@runvoy/sdk/client';
import { openPatience, type Patiently } from './patiently.ts';
import { Problem } from './problem.ts';

/** What an import came to. */
export interface ImportReport {
  /** By type: how many were made here, and how many were there already. */
  readonly made: Readonly<Record<string, number>>;
  readonly there: Readonly<Record<string, number>>;
  /** New users, each with the token for their first key. */
  readonly claims: readonly { readonly email: string; readonly claim_token: string }[];
  /** Secrets that are not here: their values have to be given anew. */
  readonly values_needed: readonly { readonly name: string; readonly key_name: string }[];
  /** What could not be carried over, in words. */
  readonly left: readonly string[];
  /** How many of these the server refused, or are not what they should be. */
  readonly refused: number;
}

/** Told of each new user at once: whatever becomes of the rest, the server tells a claim only once. */
export type Claimed = (claim: { readonly email: string; readonly claim_token: string }) => void;

/** One request's worth of commands. */
const REQUEST_CHARS = 1_000_000;

/**
 * Carries the lines of an export into a deployment. Everything that is there already stays as it is, so that it may be stopped at any
 * moment and begun again, and twice is once. What the server refuses is told and does not stop the rest; a busy server is waited for, and `noticed` told why.
 * Fails when the file is no export, is of a newer form, or has no end: what it held until then has been carried over.
 */
export async function importLines(
  api: RunvoyClient,
  lines: AsyncIterable<string>,
  claimed: Claimed = () => undefined,
  noticed: (why: string) => void = () => undefined,
): Promise<ImportReport> {
  const importing = new Importing(api, claimed, openPatience(noticed));
  for await (const text of lines) if (text.trim() !== '') await importing.take(parsed(text, importing.taken + 1));
  return importing.finish();
}

class Importing {
  taken = 0;
  readonly #api: RunvoyClient;
  readonly #claimed: Claimed;
  readonly #patiently: Patiently;
  readonly #made: Record<string, number> = {};
  readonly #there: Record<string, number> = {};
  readonly #counts: Record<string, number> = {};
  readonly #claims: { email: string; claim_token: string }[] = [];
  readonly #needed: { name: string; key_name: string }[] = [];
  readonly #left: string[] = [];
  readonly #wantsLog = new Set<string>();
  /** Runs that are here now. */
  readonly #arrived = new Set<string>();
  /** Runs whose log came along and must agree with what their runner stated. */
  readonly #stated = new Set<string>();
  #refused = 0;
  #head: ExportHead | undefined;
  #end: Readonly<Record<string, number>> | undefined;
  #runs: ExportedRun[] = [];
  #runChars = 0;
  #images: readonly ImageBody[] = [];
  #users = new Map<string, string>();
  #secrets = new Map<string, readonly string[]>();

  constructor(api: RunvoyClient, claimed: Claimed, patiently: Patiently) {
    this.#api = api;
    this.#claimed = claimed;
    this.#patiently = patiently;
  }

  async take(line: ExportLine): Promise<void> {
    this.taken += 1;
    if (!this.#head) return this.#begin(line);
    if (line.type !== 'end') this.#counts[line.type] = (this.#counts[line.type] ?? 0) + 1;
    if (line.type !== 'execution') await this.#sendRuns();
    switch (line.type) {
      case 'image':
        return this.#tell(`image ${line.image}`, () => this.#image(line));
      case 'user':
        return this.#tell(`user ${line.email}`, () => this.#user(line));
      case 'secret':
        return this.#tell(`secret ${line.name}`, () => this.#secret(line));
      case 'playbook':
        return this.#tell(`playbook ${line.name}`, () => this.#playbook(line));
      case 'execution':
        return this.#run(line.execution);
      case 'log':
        return this.#tell(`log of ${line.execution_id}`, () => this.#log(line));
      case 'end':
        this.#end = line.counts;
    }
  }

  async finish(): Promise<ImportReport> {
    await this.#sendRuns();
    await this.#proveLogs();
    if (!this.#head) throw new Problem('The file is empty: it is no export.');
    this.#tellUnknown();
    const counted = JSON.stringify(sorted(this.#counts));
    if (!this.#end || JSON.stringify(sorted(this.#end)) !== counted) {
      throw new Problem(
        'The export has no end: the file was cut. What it holds is here now; import the whole file to go on.',
      );
    }
    return {
      made: this.#made,
      there: this.#there,
      claims: this.#claims,
      values_needed: this.#needed,
      left: this.#left,
      refused: this.#refused,
    };
  }

  async #begin(line: ExportLine): Promise<void> {
    if (line.type !== 'export') throw new Problem('The file does not begin as an export does.');
    if (line.version > EXPORT_VERSION) {
      throw new Problem(`The export is of form ${line.version}; this client reads ${EXPORT_VERSION}. Use a newer one.`);
    }
    this.#head = line;
    this.#images = (await this.#api.images()).images;
    this.#users = new Map((await this.#api.users()).users.map(({ email, role }) => [email, role]));
    this.#secrets = new Map((await this.#api.secrets()).secrets.map(({ name, granted_to }) => [name, granted_to]));
  }

  async #image(line: ExportedImage): Promise<void> {
    const { type: _, runtime_platform, task_role_name, ...request } = line;
    const known = this.#images.find((one) => isSame(one, request));
    if (known) {
      const [here, there] = [limitText(known.max_running), limitText(request.max_running)];
      if (here !== there)
        this.#left.push(`image ${line.image}: runs at once are ${here} here and ${there} in the export`);
      return this.#count(this.#there, 'image');
    }
    await this.#patiently(() => this.#api.registerImage(request));
    this.#count(this.#made, 'image');
    const dropped = [runtime_platform && `platform ${runtime_platform}`, task_role_name && `account ${task_role_name}`];
    const told = dropped.filter((part) => part !== undefined && part !== '').join(' and ');
    if (told !== '') this.#left.push(`image ${line.image}: ${told} belong to where it came from`);
  }

  async #user({ email, role, revoked }: ExportedUser): Promise<void> {
    const known = this.#users.get(email.toLowerCase());
    if (known !== undefined) {
      if (known !== role) this.#left.push(`user ${email}: is ${known} here and ${role} in the export`);
      return this.#count(this.#there, 'user');
    }
    const created = await this.#patiently(() => this.#api.createUser({ email, role: role as Role })).catch(ifConflict);
    // Another import was quicker.
    if (!created) return this.#count(this.#there, 'user');
    const claim = { email, claim_token: created.claim_token };
    this.#count(this.#made, 'user');
    this.#users.set(email.toLowerCase(), role);
    if (revoked) await this.#patiently(() => this.#api.revokeUser(email));
    else {
      this.#claims.push(claim);
      this.#claimed(claim);
    }
  }

  async #secret({ name, key_name, granted_to }: ExportedSecret): Promise<void> {
    const granted = this.#secrets.get(name);
    if (!granted) return void this.#needed.push({ name, key_name });
    for (const email of granted_to) {
      if (!granted.includes(email)) await this.#patiently(() => this.#api.grantSecret(name, email));
    }
    this.#count(this.#there, 'secret');
  }

  async #playbook({ name, definition }: ExportedPlaybook): Promise<void> {
    const known = await this.#patiently(() => this.#api.playbook(name)).catch(ifMissing);
    if (!known) {
      await this.#patiently(() => this.#api.createPlaybook({ name, ...definition }));
      return this.#count(this.#made, 'playbook');
    }
    const isSameText = JSON.stringify(sorted(known.playbook.definition)) === JSON.stringify(sorted(definition));
    if (!isSameText) this.#left.push(`playbook ${name}: version ${known.playbook.version} here says something else`);
    this.#count(this.#there, 'playbook');
  }

  async #run(run: ExportedRun): Promise<void> {
    const chars = run.command.length + 500;
    if (this.#runs.length === IMPORT_AT_MOST || this.#runChars + chars > REQUEST_CHARS) await this.#sendRuns();
    this.#runs.push(run);
    this.#runChars += chars;
  }

  async #sendRuns(): Promise<void> {
    const runs = this.#runs;
    [this.#runs, this.#runChars] = [[], 0];
    if (runs.length > 0) await this.#storeRuns(runs);
  }

  /** The server takes all runs of a request or none. One that it refuses is found by halves, and the others are stored. */
  async #storeRuns(runs: readonly ExportedRun[]): Promise<void> {
    const source = this.#head?.source.provider ?? 'unknown';
    const half = Math.ceil(runs.length / 2);
    await this.#tell(`run ${runs[0]?.execution_id}`, async () => {
      const answer = await this.#patiently(() => this.#api.importExecutions({ executions: runs, source })).catch(
        (error: unknown) => {
          if (runs.length === 1 || !isRefusal(error)) throw error;
        },
      );
      if (answer) return this.#noteRuns(runs, answer.executions);
      await this.#storeRuns(runs.slice(0, half));
      await this.#storeRuns(runs.slice(half));
    });
  }

  #noteRuns(runs: readonly ExportedRun[], stored: readonly ImportedExecution[]): void {
    for (const { execution_id, log } of runs) if (log) this.#stated.add(execution_id);
    for (const { execution_id, outcome, wants_log } of stored) {
      this.#count(outcome === 'created' ? this.#made : this.#there, 'execution');
      this.#arrived.add(execution_id);
      if (wants_log) this.#wantsLog.add(execution_id);
    }
  }

  async #log({ execution_id, lines }: ExportedLog): Promise<void> {
    // Told already, with its run.
    if (!this.#arrived.has(execution_id)) return;
    if (!this.#wantsLog.has(execution_id)) return this.#count(this.#there, 'log');
    await this.#patiently(() => this.#api.importLog(execution_id, { lines }));
    this.#count(this.#made, 'log');
  }

  /** A log that came along is what its runner stated, or it is told: the file may have been changed on its way. */
  async #proveLogs(): Promise<void> {
    for (const id of this.#wantsLog) {
      if (!this.#stated.has(id)) continue;
      const { completeness, gaps } = await this.#patiently(() => this.#api.verifyLog(id));
      if (completeness === 'complete') continue;
      this.#refused += 1;
      const why = gaps.length > 0 ? 'lines of it are missing' : 'its lines are not those its runner stated';
      this.#left.push(`log of ${id}: ${why}`);
    }
  }

  /** What the server refuses is for whoever reads the report; what it never answered is not. */
  async #tell(what: string, carry: () => Promise<void>): Promise<void> {
    try {
      await carry();
    } catch (error) {
      if (!isRefusal(error)) throw error;
      this.#refused += 1;
      this.#left.push(`${what}: ${error.explanation}`);
    }
  }

  #count(counts: Record<string, number>, type: string): void {
    counts[type] = (counts[type] ?? 0) + 1;
  }

  #tellUnknown(): void {
    const known = ['image', 'user', 'secret', 'playbook', 'execution', 'log'];
    for (const [type, count] of Object.entries(this.#counts)) {
      if (!known.includes(type)) this.#left.push(`${count} of type ${type}, which this client does not know`);
    }
  }
}

/** True for a server that will say the same of it again; false for one that is away, or takes nothing from this key. */
function isRefusal(error: unknown): error is RunvoyError {
  return error instanceof RunvoyError && !error.mayPass && error.status !== 401 && error.status !== 403;
}

function ifConflict(error: unknown): undefined {
  if (!(error instanceof RunvoyError) || error.status !== 409) throw error;
}

function ifMissing(error: unknown): undefined {
  if (!(error instanceof RunvoyError) || error.status !== 404) throw error;
}

function isSame(known: ImageBody, request: RegisterImageRequest): boolean {
  const isSized = request.cpu !== undefined || request.memory !== undefined;
  return (
    known.image === request.image &&
    (known.network === 'none') === (request.network === 'none') &&
    (!isSized || (known.cpu === request.cpu && known.memory === request.memory))
  );
}

const limitText = (limit: number | undefined) => (limit ? `at most ${limit}` : 'not limited');

/** The fields in one order, whoever wrote them. */
function sorted(fields: object): readonly (readonly [string, unknown])[] {
  return Object.entries(fields).toSorted(([one], [other]) => (one < other ? -1 : 1));
}

function parsed(text: string, at: number): ExportLine {
  try {
    const line = JSON.parse(text) as ExportLine;
    if (typeof line === 'object' && line !== null && typeof line.type === 'string') return line;
  } catch {
    // Told below: the parser's words quote the text.
  }
  throw new Problem(`Line ${at} of the file is no line of an export.`);
}
