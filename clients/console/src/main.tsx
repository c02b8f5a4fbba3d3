import { createRoot } from 'react-dom/client';
import { App } from './app.tsx';
import { Session } from './session.ts';

const root = document.getElementById('root');
if (root === null) throw new Error('index.html has no #root');

// Before anything is drawn: a claim token leaves the address bar and the history at once.
const session = new Session(window);
session.takeClaimFromAddress();
createRoot(root).render(<App session={session} />);
