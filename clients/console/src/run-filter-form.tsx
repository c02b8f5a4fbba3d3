import type { FormEvent } from 'react';
import { followLink, moveTo } from './place.ts';
import { isFiltered, runsHref, STATUS_CHOICES, type RunFilter } from './run-filter.ts';

const TEXTS = [
  { name: 'user', label: 'By', hint: 'ann@example.com' },
  { name: 'label', label: 'Label', hint: 'key=value' },
  { name: 'image', label: 'Image', hint: 'alpine:3.22' },
] as const;

/** Narrows the list. What it is narrowed to is in the address, so that it can be sent on, and Back undoes it. */
export function RunFilterForm({ filter }: { readonly filter: RunFilter }) {
  const apply = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    moveTo(runsHref(filterIn(event.currentTarget)));
  };
  const known = STATUS_CHOICES.some(({ value }) => value === filter.status);
  return (
    // Typed texts belong to one address: another one begins anew.
    <form key={runsHref(filter)} className="run-filter" role="search" aria-label="Runs" onSubmit={apply}>
      <select
        name="status"
        aria-label="Status"
        defaultValue={filter.status}
        onChange={({ currentTarget }) => currentTarget.form?.requestSubmit()}
      >
        {STATUS_CHOICES.map(({ value, word }) => (
          <option key={value} value={value}>
            {word}
          </option>
        ))}
        {!known && <option value={filter.status}>{filter.status}</option>}
      </select>
      {TEXTS.map(({ name, label, hint }) => (
        <label key={name}>
          {label}
          <input name={name} defaultValue={filter[name]} placeholder={hint} autoComplete="off" spellCheck={false} />
        </label>
      ))}
      <button type="submit" className="quiet">
        Filter
      </button>
      {isFiltered(filter) && (
        <a href="/" onClick={followLink}>
          Show all
        </a>
      )}
    </form>
  );
}

function filterIn(form: HTMLFormElement): RunFilter {
  const given = new FormData(form);
  const text = (name: keyof RunFilter) => {
    const value = given.get(name);
    return typeof value === 'string' ? value : '';
  };
  return { status: text('status'), user: text('user'), label: text('label'), image: text('image') };
}
