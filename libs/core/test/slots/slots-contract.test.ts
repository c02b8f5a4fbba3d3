import { openSqliteRecords } from '@runvoy/provider-local';
import { slotsContract } from '../../contracts/slots.ts';

slotsContract('the local store', async () => openSqliteRecords(':memory:'), { runs: 60, limit: 5 });
