import { useState } from 'react';
import type { RunvoyClient } from '@runvoy/sdk/client';
import { problemOf } from './api-problem.ts';

/** So long the link opens the log that the browser is handed; the shortest there is. */
const LINK_S = 60;

/** Saves the log as the server has it: as it was written, and also where it is not loaded here. */
export function DownloadButton({ api, executionId }: { readonly api: RunvoyClient; readonly executionId: string }) {
  const [note, setNote] = useState<string>();

  async function download() {
    setNote(undefined);
    try {
      const { text_url } = await api.ticket(executionId, LINK_S);
      // A link that is followed, not an address that is gone to: the page and its live view stay.
      const link = document.createElement('a');
      link.href = `${text_url}&download=true`;
      link.download = '';
      link.click();
    } catch (cause) {
      setNote(`Not saved: ${problemOf(cause).message}`);
    }
  }

  return (
    <>
      {note !== undefined && (
        <span className="stop-note" role="alert">
          {note}
        </span>
      )}
      <button
        type="button"
        className="quiet"
        title="The log as text, as it was written"
        data-testid="download"
        onClick={() => void download()}
      >
        Download
      </button>
    </>
  );
}
