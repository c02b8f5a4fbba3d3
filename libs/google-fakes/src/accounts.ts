import type { IncomingMessage } from 'node:http';
import { mayCall, type Authorize } from './authorize.ts';
import { Faults } from './faults.ts';
import type { Listening } from './grpc-server.ts';
import { answering, HttpRefusal, serveHttp, type HttpAnswer } from './http-server.ts';

/** IAM of one project as far as it shows service accounts, over REST. */
export interface FakeAccounts extends AsyncDisposable {
  /** Opens a port on which everyone who connects is `account`. */
  listenAs(account?: string): Promise<Listening>;
  disable(email: string): void;
  enable(email: string): void;
  remove(email: string): void;
  /** By method: `serviceAccounts.get`. */
  readonly faults: Faults;
}

const GET = /^\/v1\/projects\/[^/]+\/serviceAccounts\/([^/?]+)$/;

/** Opens a project with these accounts, all of them enabled. */
export function fakeAccounts({
  project,
  accounts,
  authorize,
}: {
  readonly project: string;
  readonly accounts: readonly string[];
  readonly authorize?: Authorize;
}): FakeAccounts {
  const known = new Map(accounts.map((email) => [email, { disabled: false }]));
  const faults = new Faults();
  const ports: Listening[] = [];

  const answer = async ({ method, url = '' }: IncomingMessage, account: string | undefined): Promise<HttpAnswer> => {
    const email = decodeURIComponent(GET.exec(url)?.[1] ?? '');
    if (method !== 'GET' || email === '') {
      throw new HttpRefusal(404, 'notFound', `This fake does not answer ${method} ${url}.`);
    }
    const name = `projects/${project}/serviceAccounts/${email}`;
    if (!mayCall(authorize, account, 'iam.serviceAccounts.get', name)) {
      throw new HttpRefusal(
        403,
        'forbidden',
        `Permission 'iam.serviceAccounts.get' denied on resource (or it may not exist).`,
      );
    }
    const fault = faults.take('serviceAccounts.get');
    if (fault) throw new HttpRefusal(fault.code, 'backendError', 'Asked to fail.');
    const found = known.get(email);
    if (!found) throw new HttpRefusal(404, 'notFound', `Unknown service account`);
    return { status: 200, body: { name, projectId: project, email, ...(found.disabled && { disabled: true }) } };
  };

  return {
    faults,
    disable: (email) => void known.set(email, { disabled: true }),
    enable: (email) => void known.set(email, { disabled: false }),
    remove: (email) => void known.delete(email),
    async listenAs(account) {
      const port = await serveHttp(answering((request) => answer(request, account)));
      ports.push(port);
      return port;
    },
    async [Symbol.asyncDispose]() {
      await Promise.all(ports.map((port) => port.stop()));
    },
  };
}
