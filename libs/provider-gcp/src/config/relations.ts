import { timeoutProblems } from '@runvoy/core';
import { isLoopback } from './endpoint.ts';
import type { GcpVariables } from './variables.ts';

/** What could be read of the variables. */
type Given = Partial<GcpVariables>;

/** What is right by itself and wrong together. */
export function relationProblems(given: Given): string[] {
  return [
    ...jobAccountProblems(given),
    ...callerProblems(given),
    ...plaintextProblems(given),
    ...timeoutProblems(given),
    ...vpcProblems(given),
  ];
}

/** A job's account is at the hands of whoever sends a command: it may be none that can do anything here. */
function jobAccountProblems(given: Given): string[] {
  const { jobServiceAccounts = [], jobDefaultServiceAccount } = given;
  const problems: string[] = [];
  const accounts = new Set(jobServiceAccounts);
  if (jobDefaultServiceAccount !== undefined) {
    if (accounts.size > 0 && !accounts.has(jobDefaultServiceAccount)) {
      problems.push(
        `RUNVOY_GCP_JOB_DEFAULT_SERVICE_ACCOUNT (${jobDefaultServiceAccount}) must be one of RUNVOY_GCP_JOB_SERVICE_ACCOUNTS.`,
      );
    }
    accounts.add(jobDefaultServiceAccount);
  }
  for (const own of serviceAccounts(given)) {
    if (accounts.has(own)) problems.push(`${own} is runvoy's own account: jobs get accounts that hold no role.`);
  }
  const { callerServiceAccount } = given;
  if (callerServiceAccount !== undefined && accounts.has(callerServiceAccount)) {
    problems.push(
      `RUNVOY_GCP_CALLER_SERVICE_ACCOUNT (${callerServiceAccount}) is also a job's account: any command could then pass for Google. ` +
        'Give pushes, triggers and ticks an account of their own, such as runvoy-caller.',
    );
  }
  return problems;
}

/** Whoever may call the processor's private routes may do nothing else, and no service may call them in Google's name. */
function callerProblems(given: Given): string[] {
  const { callerServiceAccount = '' } = given;
  if (!serviceAccounts(given).includes(callerServiceAccount)) return [];
  return [
    `RUNVOY_GCP_CALLER_SERVICE_ACCOUNT (${callerServiceAccount}) is the account of one of runvoy's services. ` +
      'Give pushes, triggers and ticks an account of their own, such as runvoy-caller.',
  ];
}

/** Terraform gives each service the account of its own name. */
function serviceAccounts(given: Given): string[] {
  const services = [given.orchestratorService, given.processorService, given.intakeService, given.websocketService];
  return services.map((service) => `${service}@${given.project}.iam.gserviceaccount.com`);
}

/** Plaintext carries tokens and secret values. */
function plaintextProblems(given: Given): string[] {
  if (given.insecureEndpoints) return [];
  const endpoints: readonly [string, string | undefined][] = [
    ['FIRESTORE_EMULATOR_HOST', given.firestoreEndpoint],
    ['PUBSUB_EMULATOR_HOST', given.pubsubEndpoint],
    ['STORAGE_EMULATOR_HOST', given.storageEndpoint],
    ['RUNVOY_GCP_ENDPOINT_RUN', given.runEndpoint],
    ['RUNVOY_GCP_ENDPOINT_SECRETMANAGER', given.secretManagerEndpoint],
    ['RUNVOY_GCP_ENDPOINT_SCHEDULER', given.schedulerEndpoint],
    ['RUNVOY_GCP_ENDPOINT_LOGGING', given.loggingEndpoint],
    ['RUNVOY_GCP_ENDPOINT_IAM', given.iamEndpoint],
    ['RUNVOY_GCP_ENDPOINT_CERTS', given.certsEndpoint],
    ['RUNVOY_INTAKE_URL', plaintext(given.intakeUrl)],
    ['RUNVOY_PROCESSOR_URL', plaintext(given.processorUrl)],
    ['RUNVOY_WEBSOCKET_URL', plaintext(given.websocketUrl)],
    ['RUNVOY_WEB_URL', plaintext(given.webUrl)],
  ];
  return endpoints.flatMap(([variable, endpoint]) => {
    if (endpoint === undefined) return [];
    const { hostname } = new URL(`http://${endpoint}`);
    if (isLoopback(hostname)) return [];
    return [
      `${variable} leads to ${hostname} in plaintext, which is for this machine alone; RUNVOY_GCP_INSECURE_ENDPOINTS=true allows it.`,
    ];
  });
}

/** Host and port of a URL that is spoken to in plaintext. */
function plaintext(url: string | undefined): string | undefined {
  return url !== undefined && /^(?:http|ws):/.test(url) ? new URL(url).host : undefined;
}

function vpcProblems({ vpcEgress, vpcConnector }: Given): string[] {
  if (vpcEgress === undefined || vpcConnector !== undefined) return [];
  return ['RUNVOY_GCP_VPC_EGRESS says what goes through RUNVOY_GCP_VPC_CONNECTOR, which is not set.'];
}
