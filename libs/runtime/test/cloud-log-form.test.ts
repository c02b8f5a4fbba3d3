import { expect, test } from '@jest/globals';
import { atPlace, cloudLogForm, newLogger } from '../src/index.ts';

const PLACE = { traceId: 'a'.repeat(32), spanId: 'b'.repeat(16), isRecorded: true, requestId: 'r' };

function linesOf(write: (logger: ReturnType<typeof newLogger>) => void): Record<string, unknown>[] {
  const lines: string[] = [];
  const form = cloudLogForm({ project: 'p', service: 'runvoy-orchestrator', version: '1.2.3' });
  write(newLogger('info', (line) => lines.push(line), { form }));
  return lines.map((line) => JSON.parse(line) as Record<string, unknown>);
}

test('a line in a request stands beside its trace, as Cloud Logging finds it', () => {
  const [inside, outside] = linesOf((logger) => {
    atPlace(PLACE, () => logger.info('in'));
    logger.info('out');
  });
  expect(inside).toMatchObject({
    request_id: 'r',
    'logging.googleapis.com/trace': `projects/p/traces/${'a'.repeat(32)}`,
    'logging.googleapis.com/spanId': 'b'.repeat(16),
    'logging.googleapis.com/trace_sampled': true,
  });
  expect(Object.keys(outside!)).toEqual(['severity', 'message', 'time']);
});

test('an error is one of its service’s for Error Reporting; a warning that tells of one is none', () => {
  const [failed, warned] = linesOf((logger) => {
    logger.error('failed', { error: new Error('cannot commit') });
    logger.warn('tried again', { error: new Error('cannot commit') });
  });
  expect(failed).toMatchObject({
    severity: 'ERROR',
    '@type': 'type.googleapis.com/google.devtools.clouderrorreporting.v1beta1.ReportedErrorEvent',
    serviceContext: { service: 'runvoy-orchestrator', version: '1.2.3' },
    stack_trace: expect.stringMatching(/^Error: cannot commit\n {4}at /),
  });
  expect(warned).toMatchObject({ severity: 'WARNING', error: expect.stringContaining('cannot commit') });
  expect(warned).not.toHaveProperty('stack_trace');
});
