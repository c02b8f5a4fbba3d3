/** The messages of google.cloud.run.v2 as far as this fake fills or reads them, in the form of proto-loader. */

export type Timestamp = { seconds: string; nanos: number };
export type Duration = { seconds?: string; nanos?: number };

export type EnvVar = {
  name: string;
  value?: string;
  valueSource?: { secretKeyRef?: { secret: string; version: string } };
  values?: 'value' | 'valueSource';
};

export type Probe = {
  initialDelaySeconds?: number;
  timeoutSeconds?: number;
  periodSeconds?: number;
  failureThreshold?: number;
  tcpSocket?: { port?: number };
  httpGet?: { path?: string; port?: number };
  grpc?: { port?: number };
};

export type Container = {
  name?: string;
  image: string;
  command: string[];
  args: string[];
  env: EnvVar[];
  resources?: { limits: Record<string, string> };
  ports: { containerPort?: number }[];
  volumeMounts: { name: string; mountPath: string; subPath?: string }[];
  workingDir?: string;
  livenessProbe?: Probe;
  startupProbe?: Probe;
  readinessProbe?: Probe;
  dependsOn: string[];
};

export type Volume = { name: string; emptyDir?: { medium?: string; sizeLimit?: string }; volumeType?: string };

export type TaskTemplate = {
  containers: Container[];
  volumes: Volume[];
  maxRetries?: number;
  timeout?: Duration;
  serviceAccount?: string;
  executionEnvironment?: string;
};

export type ExecutionTemplate = {
  labels: Record<string, string>;
  annotations: Record<string, string>;
  parallelism?: number;
  taskCount?: number;
  template?: TaskTemplate;
};

export type Condition = {
  type: string;
  state: 'CONDITION_PENDING' | 'CONDITION_RECONCILING' | 'CONDITION_FAILED' | 'CONDITION_SUCCEEDED';
  message?: string;
  lastTransitionTime?: Timestamp;
  severity?: 'ERROR' | 'WARNING' | 'INFO';
  reason?: string;
  executionReason?: string;
};

export type ExecutionReference = {
  name: string;
  createTime: Timestamp;
  completionTime?: Timestamp;
  completionStatus?: string;
};

export type Job = {
  name: string;
  uid: string;
  generation: string;
  observedGeneration: string;
  labels: Record<string, string>;
  annotations: Record<string, string>;
  createTime: Timestamp;
  updateTime: Timestamp;
  creator: string;
  lastModifier: string;
  client?: string;
  launchStage?: string;
  template: ExecutionTemplate & { template: TaskTemplate };
  terminalCondition?: Condition;
  conditions: Condition[];
  executionCount?: number;
  reconciling?: boolean;
  latestCreatedExecution?: ExecutionReference;
  etag: string;
};

export type Execution = {
  name: string;
  uid: string;
  creator: string;
  generation: string;
  observedGeneration?: string;
  labels: Record<string, string>;
  annotations: Record<string, string>;
  createTime: Timestamp;
  startTime?: Timestamp;
  completionTime?: Timestamp;
  updateTime: Timestamp;
  deleteTime?: Timestamp;
  launchStage: string;
  job: string;
  parallelism: number;
  taskCount: number;
  template: TaskTemplate;
  reconciling?: boolean;
  conditions: Condition[];
  runningCount?: number;
  succeededCount?: number;
  failedCount?: number;
  cancelledCount?: number;
  retriedCount?: number;
  logUri: string;
  etag: string;
};

export type TaskAttemptResult = { status?: { code: number; message: string }; exitCode?: number; termSignal?: number };

export type Task = {
  name: string;
  uid: string;
  generation: string;
  labels: Record<string, string>;
  annotations: Record<string, string>;
  createTime: Timestamp;
  scheduledTime?: Timestamp;
  startTime?: Timestamp;
  completionTime?: Timestamp;
  updateTime: Timestamp;
  job: string;
  execution: string;
  containers: Container[];
  volumes: Volume[];
  maxRetries: number;
  timeout: Duration;
  serviceAccount: string;
  executionEnvironment: string;
  conditions: Condition[];
  index: number;
  retried?: number;
  lastAttemptResult?: TaskAttemptResult;
  logUri: string;
  etag: string;
};

export type Overrides = {
  containerOverrides: { name?: string; args: string[]; env: EnvVar[]; clearArgs?: boolean }[];
  taskCount?: number;
  timeout?: Duration;
};

export function timestamp(ms: number): Timestamp {
  return { seconds: String(Math.floor(ms / 1000)), nanos: Math.round((ms % 1000) * 1e6) };
}

export function millisOf({ seconds, nanos }: Duration): number {
  return Number(seconds ?? 0) * 1000 + Math.floor((nanos ?? 0) / 1e6);
}

/** RFC 3339, as JSON of Google writes a timestamp. */
export function rfc3339({ seconds, nanos }: Timestamp): string {
  return new Date(Number(seconds) * 1000 + nanos / 1e6).toISOString();
}
