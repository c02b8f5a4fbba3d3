import { agoText } from './elapsed.ts';

const ABSOLUTE = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'long' });

/** A moment, relative; hovering gives the exact one. */
export function Moment({ at, now }: { readonly at: string; readonly now: number }) {
  const ms = Date.parse(at);
  if (Number.isNaN(ms)) return <>–</>;
  return (
    <time dateTime={at} title={ABSOLUTE.format(ms)}>
      {agoText(ms, now)}
    </time>
  );
}
