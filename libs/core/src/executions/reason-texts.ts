import type { Reason } from '@runvoy/protocol';

/** What a word means to somebody who has never seen the code. */
export interface ReasonText {
  /** A clause for a list row or a status line: no more than `SUMMARY_CHARS`, no full stop. */
  readonly summary: string;
  /** What happened, in whole sentences. */
  readonly happened: string;
  /** What its owner, or who runs the server, can do. */
  readonly to_do: string;
}

/** What still fits beside a status on a narrow terminal. */
export const SUMMARY_CHARS = 52;

/** One row for each `reason`; `docs/reasons.md` is made from it. A word that is missing here does not compile. */
export const REASON_TEXTS: Readonly<Record<Reason, ReasonText>> = {
  timeout: {
    summary: 'its time limit was over',
    happened:
      'The command was still running when its time limit was over, which counts from when its runner had the command: fetching an image or a clone is part of it. It was asked to end (SIGTERM), and killed (SIGKILL) if it was still there when its grace period was over. It gets exit code 124, as with the program timeout.',
    to_do: 'Give it more time: runvoy run --timeout 2h. The server may set an upper limit.',
  },
  start_timeout: {
    summary: 'it did not start within the time for a start',
    happened:
      'The start was asked for, and within the time that a start may take no runner came up and asked for the command: an image that takes too long to fetch, no room on the platform, or a start that got lost. Whatever was under way was cancelled, and the platform has confirmed that nothing of it is left. No line of the command ran, and none can run later.',
    to_do:
      'Run it again. If it happens often, use a smaller image, or ask who runs the server to look at the state of the platform, at its quotas and at RUNVOY_START_TIMEOUT.',
  },
  queue_timeout: {
    summary: 'it waited too long for a free slot',
    happened:
      'As many runs as allowed were going on already, so this one waited in the queue. Its turn did not come within the time that a run may wait. It was never started.',
    to_do:
      'Run it again when fewer runs are going on (runvoy list --status running), or ask who runs the server for more slots.',
  },
  output_limit: {
    summary: 'it printed more than it may',
    happened:
      'The command printed more than the server keeps of one run. It was ended, so that it could not go on without a log. What it had printed until then is kept. It gets exit code 153.',
    to_do: 'Print less, or write to a file and upload it from the command. Who runs the server can raise the limit.',
  },
  out_of_memory: {
    summary: 'it used more memory than it has',
    happened:
      'The command used more memory than its container may, and the platform killed it. What it printed last may be missing from the log, because nobody was left to send it.',
    to_do: 'Run it with an image that is registered with more memory, or make the command use less at a time.',
  },
  lost: {
    summary: 'its runner was lost before it could report',
    happened:
      'Every command has a small program at its side, the runner, which sends its output and reports its end. This one ended, or was ended after it had been silent for three minutes, without a report, and none was found in the backup copy of its log. So nobody knows how the command ended. Nothing of it is alive any more.',
    to_do:
      'Look at the last lines of the log, see whether the command did its work, and run it again if it may be repeated.',
  },
  restored: {
    summary: 'its record is from a backup made before its end',
    happened:
      'The data of this server was restored from a backup, and the backup was made before this run had ended. Its runner, the small program beside the command, answers to the server that the backup was made of and is not heard of here. So the run is over here, and it is not started a second time. Where the backup came from it may have ended since, or be going on.',
    to_do:
      'Look at the server that the backup was made of, if it is still there, or see whether the command did its work. Run it again if it may be repeated.',
  },
  terminated: {
    summary: 'it was ended from outside, and nobody asked runvoy',
    happened:
      'The command received a signal to end which runvoy had not been asked for: the machine was shut down or maintained, somebody cancelled it on the platform itself, or it had been silent for so long that it was given up.',
    to_do: 'Run it again if it may be repeated. Stop a run with runvoy kill, so that it is known who did.',
  },
  bootstrap_conflict: {
    summary: 'a second runner claimed this run',
    happened:
      'A run is handed to exactly one runner, the small program beside the command, against a secret that works once. A second one showed that secret, or the runner was not the one that the platform had started for this run. Nobody can tell which of the two is the real one, so the run was ended and the event recorded.',
    to_do: 'Tell who runs the server: somebody may have copied the secret of a start. Then run it again.',
  },
  never_started: {
    summary: 'its start was lost, and nothing of it ran',
    happened:
      'The start was asked for and got lost before anything ran, every time it was tried. This happens when the server is restarted at that moment. It is proven that nothing of it was started.',
    to_do: 'Run it again. Nothing of the command has run.',
  },
  git_clone: {
    summary: 'its repository could not be cloned',
    happened:
      'Before the command starts, its git repository is cloned. That failed: a wrong address, branch or path, no access to a private repository, or no network. The command was not started. What git said is in the log.',
    to_do:
      'Read the log, correct --git-repo, --git-ref or --git-path, and for a private repository pass a token in GITHUB_TOKEN.',
  },
  image_pull: {
    summary: 'its image could not be fetched',
    happened:
      'The container image does not exist under that name, or the machine may not read it, or its registry did not answer. The command was not started.',
    to_do: 'Check the name and tag of the image and whether the server may read it. Register it again if it was wrong.',
  },
  image_unusable: {
    summary: 'no container could be made of its image',
    happened:
      'The image is there, and the container engine cannot make a container of it. The command was not started.',
    to_do: 'Read the log for what the engine said, try the image by hand, and register another one if it is broken.',
  },
  spawn: {
    summary: 'the command could not be started',
    happened:
      'Everything was ready, and the operating system refused to start the command: no shell in the image, too many processes, a full disk. No line of it ran.',
    to_do: 'Read the log for what the system said. The image needs a shell at /bin/sh.',
  },
  workspace: {
    summary: 'its working directory could not be prepared',
    happened:
      'The directory that the command works in, or the files put into it, could not be made: mostly a full disk or missing rights. The command was not started.',
    to_do: 'Read the log for what was refused. Who runs the server should look at disk space and rights.',
  },
  bootstrap_refused: {
    summary: 'its runner was refused the command',
    happened:
      'The runner, the small program beside the command, came up and asked for the command. It was refused: its secret was not the right one, or the run had been handed to another runner. No line of the command ran there.',
    to_do: 'Run it again. If it happens again, tell who runs the server.',
  },
  bootstrap_no_answer: {
    summary: 'its runner could not reach the server',
    happened:
      'The runner, the small program beside the command, came up and asked for the command for ten minutes without an answer from the server. No line of the command ran.',
    to_do: 'Run it again. Who runs the server should check that runs can reach it.',
  },
  quota: {
    summary: 'the platform had no room for it',
    happened:
      'The platform refused the start because a limit of the project was reached: too many runs at once, or too much cpu or memory. Nothing of it ran.',
    to_do: 'Run it again when fewer runs are going on, or ask who runs the server to have the quota raised.',
  },
  network: {
    summary: 'the network it needs does not exist',
    happened:
      'Runs of this server are to be connected to a private network, and the platform does not find that network. The command was not started.',
    to_do: 'Who runs the server should check the network connector in its configuration.',
  },
  deleted: {
    summary: 'somebody deleted it on the platform',
    happened:
      'The container of the run was deleted on the platform itself, past runvoy. How the command ended cannot be told any more.',
    to_do: 'Run it again if it may be repeated. Stop a run with runvoy kill, so that it is known who did.',
  },
  isolation: {
    summary: 'the isolation it asks for is not available here',
    happened:
      'A run says how it is to be kept apart from the machine and from other runs. This server cannot do that in the way the run asks for, and a weaker way is never taken silently. Nothing of it ran.',
    to_do:
      'Choose an isolation that the server has: its start prints which ones. Installing podman or docker adds container.',
  },
  image_size: {
    summary: 'its image asks for more than the platform has',
    happened:
      'The image is registered with more cpu or memory than the platform gives to one container. Nothing of it ran.',
    to_do: 'Register the image again with less cpu or memory.',
  },
  service_account: {
    summary: 'its image names an account it may not use',
    happened:
      'The image is registered to run as an account that this server does not allow for runs. Nothing of it ran.',
    to_do: 'Register the image with another account, or have the account added to RUNVOY_GCP_JOB_SERVICE_ACCOUNTS.',
  },
  job_refused: {
    summary: 'the platform refused the settings of its image',
    happened:
      'For each image runvoy keeps a template on the platform, in which image, cpu, memory and account stand. The platform refused this one. Nothing of the run was started.',
    to_do: 'The details below say what the platform did not accept. Register the image again with other settings.',
  },
  job_not_ready: {
    summary: 'the platform was too slow to prepare its image',
    happened:
      'For each image runvoy keeps a template on the platform. It was made for this run and not ready in time, so nothing was started.',
    to_do: 'Run it again: the template is mostly ready a moment later.',
  },
  job_missing: {
    summary: 'the template of its image was deleted meanwhile',
    happened:
      'For each image runvoy keeps a template on the platform. It was deleted between being found and being used, twice. Nothing of the run was started.',
    to_do: 'Run it again: the template is made anew. Somebody or something deletes templates of runvoy; find out who.',
  },
  start_refused: {
    summary: 'the platform refused the start',
    happened: 'The platform understood the request to start the run and refused it for good. Nothing of it ran.',
    to_do: 'The details below are the platform’s own words. Who runs the server can tell what to change.',
  },
  permission_denied: {
    summary: 'the server may not start it',
    happened: 'The platform says that the account of the server lacks a permission. Nothing of the run was started.',
    to_do: 'Tell who runs the server: docs/permissions.md lists what its account needs.',
  },
  no_runner: {
    summary: 'this server has nothing to run commands with',
    happened: 'The server was started without a platform: it can show runs and cannot start any. Nothing of it ran.',
    to_do: 'Ask a server that can run commands, or have the start of this one completed.',
  },
  ruled_out: {
    summary: 'its start came too late',
    happened:
      'The start was on its way for so long that it was ruled out, and another one took its place. This one was kept from beginning, so that the command cannot run twice.',
    to_do: 'Nothing, when the run went on. Otherwise run it again: nothing of it has run.',
  },
};

/** The text of a `reason`. A word that this version does not know is named, and nothing is claimed about it. */
export function reasonTextOf(word: string): ReasonText {
  if (Object.hasOwn(REASON_TEXTS, word)) return REASON_TEXTS[word as Reason];
  return {
    summary: word.replaceAll('_', ' ').slice(0, SUMMARY_CHARS),
    happened: `The run ended for a reason that this version of the server does not know: "${word}".`,
    to_do: 'Read the log and the details below. A newer server may know the word.',
  };
}
