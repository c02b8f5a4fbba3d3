-- Written by the program of schema version 1: a finished run, one that went on, users, an image. Never edited.
PRAGMA foreign_keys=OFF;
BEGIN TRANSACTION;
CREATE TABLE meta (name TEXT PRIMARY KEY, value) WITHOUT ROWID;
INSERT INTO meta VALUES('collection:api-keys',1.0);
INSERT INTO meta VALUES('collection:audit',1.0);
INSERT INTO meta VALUES('collection:claims',1.0);
INSERT INTO meta VALUES('collection:executions',1.0);
INSERT INTO meta VALUES('collection:idempotency',1.0);
INSERT INTO meta VALUES('collection:images',1.0);
INSERT INTO meta VALUES('collection:log-chunks',1.0);
INSERT INTO meta VALUES('collection:outbox',1.0);
INSERT INTO meta VALUES('collection:platform-notes',1.0);
INSERT INTO meta VALUES('collection:run-inputs',1.0);
INSERT INTO meta VALUES('collection:settings',1.0);
INSERT INTO meta VALUES('collection:users',1.0);
INSERT INTO meta VALUES('schema',1.0);
INSERT INTO meta VALUES('versions_taken',1000000.0);
CREATE TABLE documents (
    rowid INTEGER PRIMARY KEY,
    collection TEXT NOT NULL,
    id TEXT NOT NULL,
    version INTEGER NOT NULL,
    expires REAL,
    json TEXT NOT NULL,
    bytes BLOB
  );
INSERT INTO documents VALUES(1,'users','admin%40example.com',1,NULL,'{"email":"admin@example.com","role":"admin","revoked":false,"created_at_ms":1795888034786,"created_by_request_id":"first-start","modified_by_request_id":"first-start"}',NULL);
INSERT INTO documents VALUES(2,'api-keys','n3i2cxdv6oai2pheh45h',5,NULL,'{"key_id":"n3i2cxdv6oai2pheh45h","user_email":"admin@example.com","name":"local cli","hash":"4d3cfd27baa6b892a3f3265b49227e33d291815b836a535868341494f4ef1726","created_at_ms":1795888034786,"revoked":false,"last_used_at_ms":1795888035083}',NULL);
INSERT INTO documents VALUES(3,'images','host%3Alatest-05f4b027',3,NULL,'{"image_id":"host:latest-05f4b027","image":"host","cpu":1024,"memory_mib":2048,"runtime_platform":"linux/x64","created_by":"admin@example.com","owned_by":["admin@example.com"],"created_at_ms":1795888034798,"created_by_request_id":"first-start","modified_by_request_id":"first-start"}',NULL);
INSERT INTO documents VALUES(4,'settings','default-image',4,NULL,'{"image_id":"host:latest-05f4b027","image":{"image_id":"host:latest-05f4b027","image":"host","cpu":1024,"memory_mib":2048,"runtime_platform":"linux/x64","created_by":"admin@example.com","owned_by":["admin@example.com"],"created_at_ms":1795888034798,"created_by_request_id":"first-start","modified_by_request_id":"first-start"}}',NULL);
INSERT INTO documents VALUES(5,'idempotency','29079cd43797379d795e1e8fea6dc2c05a9a40c96ab16a9cf4799b8a0da5557b',6,1795974435108.0,'{"body_hash":"3c18e0a0bf19aa79f4a3460d896cca3e720cc84674039f1477c6910e0a39bfa3","execution_id":"8783e8044eabd673015179b9bcef48b4","delete_at_ms":1795974435108}',NULL);
INSERT INTO documents VALUES(6,'executions','8783e8044eabd673015179b9bcef48b4',17,NULL,'{"execution_id":"8783e8044eabd673015179b9bcef48b4","created_by":"admin@example.com","owned_by":["admin@example.com"],"command":"echo one; echo two >&2; exit 3","image_id":"host:latest-05f4b027","image":"host","cpu":1024,"memory_mib":2048,"isolation":"process","timeout_s":3600,"grace_ms":10000,"max_log_bytes":1073741824,"without_input":true,"request_id":"4eadde6ec04c10587f92d0cc8f7791f7","modified_by_request_id":"4eadde6ec04c10587f92d0cc8f7791f7","started_at_ms":1795888035108,"cloud":"LOCAL","facts":{"attempts":[{"attempt":1,"token_hash":"7ff5efc2b86f9bb41763fa240ff3eb603ad239367b64ec5320b6dcd77b09a9e8","made_at_ms":1795888035108,"platform_execution":"local/8783e8044eabd673015179b9bcef48b4/1","end":{"platform_execution":"local/8783e8044eabd673015179b9bcef48b4/1","at_ms":1795888036075,"kind":"exited"}}],"bound":{"attempt":1,"nonce_hash":"c516f8c77b6d23f9c501dcb938f570029ffce29cff11fc50d11d6a184e182cc7","at_ms":1795888035868,"platform_execution":"local/8783e8044eabd673015179b9bcef48b4/1"},"report":{"cause":"exited","exit_code":3,"started_at_ms":1795888035913,"ended_at_ms":1795888035925,"stored_at_ms":1795888036070}},"status":"FAILED","unfinished":false,"faults":[],"end_record":{"lines":6,"bytes":241,"sha256":"4991607598703fec034d4e1790e098b7119ac6785a49485d57c2370e56814ef9","maskings":0},"log_proven":true,"exit_code":3,"completed_at_ms":1795888035925}',NULL);
INSERT INTO documents VALUES(7,'executions','f84762110effb1807b2bdf967a02dc28',19,NULL,'{"execution_id":"f84762110effb1807b2bdf967a02dc28","created_by":"admin@example.com","owned_by":["admin@example.com"],"command":"sleep 60","image_id":"host:latest-05f4b027","image":"host","cpu":1024,"memory_mib":2048,"isolation":"process","timeout_s":3600,"grace_ms":10000,"max_log_bytes":1073741824,"request_id":"da7b2178d737605a5347f42c26be82b7","modified_by_request_id":"da7b2178d737605a5347f42c26be82b7","started_at_ms":1795888035158,"cloud":"LOCAL","facts":{"attempts":[{"attempt":1,"token_hash":"e0888dac08642ac7e1bf3714539f16c814c852e8eef6265882c50066455b9bcb","made_at_ms":1795888035158,"platform_execution":"local/f84762110effb1807b2bdf967a02dc28/1"}],"bound":{"attempt":1,"nonce_hash":"ba64572ce23c5eb0625842801158b7c0cfeb93975dafdede6cd4b02022f6490f","at_ms":1795888036490,"platform_execution":"local/f84762110effb1807b2bdf967a02dc28/1"}},"status":"RUNNING","unfinished":true,"faults":[]}',NULL);
INSERT INTO documents VALUES(8,'run-inputs','f84762110effb1807b2bdf967a02dc28',9,1795978035158.0,'{"execution_id":"f84762110effb1807b2bdf967a02dc28","delete_at_ms":1795978035158}',X'76312e3766376166616361353830382e4f724635634e4c584977706a777250782e426e536b65646a734950595970796f36626f3435515232376a4762375a4f4a57485546343667');
INSERT INTO documents VALUES(9,'users','dev%40example.com',10,NULL,'{"email":"dev@example.com","role":"developer","revoked":false,"created_at_ms":1795888035174,"created_by_request_id":"f2a28348b7e920aba1842d0a492d7ce5","modified_by_request_id":"f2a28348b7e920aba1842d0a492d7ce5"}',NULL);
INSERT INTO documents VALUES(10,'claims','633fa3e6ac0abc9c5df4d2fb24f63736e7951892565ea12a9332ed6a03afe324',11,1795975335174.0,'{"user_email":"dev@example.com","key_name":"first key","created_at_ms":1795888035174,"expires_at_ms":1795888935174,"delete_at_ms":1795975335174}',NULL);
INSERT INTO documents VALUES(11,'log-chunks','8783e8044eabd673015179b9bcef48b4-000000000001',13,NULL,'{"execution_id":"8783e8044eabd673015179b9bcef48b4","from":1,"through":4,"content_hash":"b9dede967e659cbd59fb45e2dc8aa1ea43be103f35875a560a299a1f7aa3f1db","stored_at_ms":1795888035919}',X'5b7b22736571223a312c2273747265616d223a2273797374656d222c226d73223a313739353838383033353839302c2274657874223a222323232072756e766f792072756e6e65723a20657865637574696f6e207374617274656420627920726571756573744944203d3e203465616464653665633034633130353837663932643063633866373739316637227d2c7b22736571223a322c2273747265616d223a2273797374656d222c226d73223a313739353838383033353839302c2274657874223a222323232072756e766f792072756e6e65723a20696d616765204944203d3e20686f73743a6c61746573742d3035663462303237227d2c7b22736571223a332c2273747265616d223a2273797374656d222c226d73223a313739353838383033353839302c2274657874223a222323232072756e766f792072756e6e65723a2069736f6c6174696f6e203d3e2070726f63657373227d2c7b22736571223a342c2273747265616d223a2273797374656d222c226d73223a313739353838383033353839312c2274657874223a222323232072756e766f792072756e6e65723a20636f6d6d616e64203d3e206563686f206f6e653b206563686f2074776f203e26323b20657869742033227d5d');
INSERT INTO documents VALUES(12,'log-chunks','8783e8044eabd673015179b9bcef48b4-000000000005',14,NULL,'{"execution_id":"8783e8044eabd673015179b9bcef48b4","from":5,"through":5,"content_hash":"b06e2c762fc14e2289204d228cfdb7cc9cd1a99eb1eeaa4e40fee3cb6bb09654","stored_at_ms":1795888035970}',X'5b7b22736571223a352c2273747265616d223a227374646f7574222c226d73223a313739353838383033353932342c2274657874223a226f6e65227d5d');
INSERT INTO documents VALUES(13,'log-chunks','8783e8044eabd673015179b9bcef48b4-000000000006',15,NULL,'{"execution_id":"8783e8044eabd673015179b9bcef48b4","from":6,"through":6,"content_hash":"a2391b50bb58920cc06815697989a0fb37a6109e5e4464731c281bc95f2d63b4","stored_at_ms":1795888036019}',X'5b7b22736571223a362c2273747265616d223a22737464657272222c226d73223a313739353838383033353932342c2274657874223a2274776f227d5d');
INSERT INTO documents VALUES(14,'log-chunks','f84762110effb1807b2bdf967a02dc28-000000000001',20,NULL,'{"execution_id":"f84762110effb1807b2bdf967a02dc28","from":1,"through":4,"content_hash":"a0999124f5f24cab1a6cd9eb8271128138783557396da04a1c8000c438a6fb2a","stored_at_ms":1795888036506}',X'5b7b22736571223a312c2273747265616d223a2273797374656d222c226d73223a313739353838383033363439342c2274657874223a222323232072756e766f792072756e6e65723a20657865637574696f6e207374617274656420627920726571756573744944203d3e206461376232313738643733373630356135333437663432633236626538326237227d2c7b22736571223a322c2273747265616d223a2273797374656d222c226d73223a313739353838383033363439342c2274657874223a222323232072756e766f792072756e6e65723a20696d616765204944203d3e20686f73743a6c61746573742d3035663462303237227d2c7b22736571223a332c2273747265616d223a2273797374656d222c226d73223a313739353838383033363439342c2274657874223a222323232072756e766f792072756e6e65723a2069736f6c6174696f6e203d3e2070726f63657373227d2c7b22736571223a342c2273747265616d223a2273797374656d222c226d73223a313739353838383033363439352c2274657874223a222323232072756e766f792072756e6e65723a20636f6d6d616e64203d3e20736c656570203630227d5d');
CREATE TABLE index_entries (
    query INTEGER NOT NULL,
    key BLOB NOT NULL,
    document INTEGER NOT NULL,
    PRIMARY KEY (query, key)
  ) WITHOUT ROWID;
INSERT INTO index_entries VALUES(1,X'df3d85ddcbb4aa9fffcf99c7cbc8c9cdcececf9a99999dcec7cfc89dcd9d9b99c6c9c89ecfcd9b9ccdc7fffe',7);
INSERT INTO index_entries VALUES(1,X'df3d85ddcbb4adbfffcfc7c8c7cc9ac7cfcbcb9a9e9d9bc9c8cccfcecacec8c69dc69d9c9a99cbc79dcbfffe',6);
INSERT INTO index_entries VALUES(2,X'304641494c45440001df3d85ddcbb4adbfffcfc7c8c7cc9ac7cfcbcb9a9e9d9bc9c8cccfcecacec8c69dc69d9c9a99cbc79dcbfffe',6);
INSERT INTO index_entries VALUES(2,X'3052554e4e494e470001df3d85ddcbb4aa9fffcf99c7cbc8c9cdcececf9a99999dcec7cfc89dcd9d9b99c6c9c89ecfcd9b9ccdc7fffe',7);
INSERT INTO index_entries VALUES(3,X'3061646d696e406578616d706c652e636f6d0001df3d85ddcbb4aa9fffcf99c7cbc8c9cdcececf9a99999dcec7cfc89dcd9d9b99c6c9c89ecfcd9b9ccdc7fffe',7);
INSERT INTO index_entries VALUES(3,X'3061646d696e406578616d706c652e636f6d0001df3d85ddcbb4adbfffcfc7c8c7cc9ac7cfcbcb9a9e9d9bc9c8cccfcecacec8c69dc69d9c9a99cbc79dcbfffe',6);
INSERT INTO index_entries VALUES(4,X'1020c27a22344b5240003038373833653830343465616264363733303135313739623962636566343862340001',6);
INSERT INTO index_entries VALUES(4,X'1120c27a22344b5560003066383437363231313065666662313830376232626466393637613032646332380001',7);
INSERT INTO index_entries VALUES(5,X'303837383365383034346561626436373330313531373962396263656634386234000120c0100000000000003038373833653830343465616264363733303135313739623962636566343862342d3030303030303030303030310001',11);
INSERT INTO index_entries VALUES(5,X'303837383365383034346561626436373330313531373962396263656634386234000120c0140000000000003038373833653830343465616264363733303135313739623962636566343862342d3030303030303030303030350001',12);
INSERT INTO index_entries VALUES(5,X'303837383365383034346561626436373330313531373962396263656634386234000120c0180000000000003038373833653830343465616264363733303135313739623962636566343862342d3030303030303030303030360001',13);
INSERT INTO index_entries VALUES(5,X'306638343736323131306566666231383037623262646639363761303264633238000120c0100000000000003066383437363231313065666662313830376232626466393637613032646332382d3030303030303030303030310001',14);
INSERT INTO index_entries VALUES(6,X'3038373833653830343465616264363733303135313739623962636566343862340001df3fe7ffffffffffffcfc7c8c7cc9ac7cfcbcb9a9e9d9bc9c8cccfcecacec8c69dc69d9c9a99cbc79dcbd2cfcfcfcfcfcfcfcfcfcfcfc9fffe',13);
INSERT INTO index_entries VALUES(6,X'3038373833653830343465616264363733303135313739623962636566343862340001df3febffffffffffffcfc7c8c7cc9ac7cfcbcb9a9e9d9bc9c8cccfcecacec8c69dc69d9c9a99cbc79dcbd2cfcfcfcfcfcfcfcfcfcfcfcafffe',12);
INSERT INTO index_entries VALUES(6,X'3038373833653830343465616264363733303135313739623962636566343862340001df3fefffffffffffffcfc7c8c7cc9ac7cfcbcb9a9e9d9bc9c8cccfcecacec8c69dc69d9c9a99cbc79dcbd2cfcfcfcfcfcfcfcfcfcfcfcefffe',11);
INSERT INTO index_entries VALUES(6,X'3066383437363231313065666662313830376232626466393637613032646332380001df3fefffffffffffffcf99c7cbc8c9cdcececf9a99999dcec7cfc89dcd9d9b99c6c9c89ecfcd9b9ccdc7d2cfcfcfcfcfcfcfcfcfcfcfcefffe',14);
INSERT INTO index_entries VALUES(7,X'3061646d696e406578616d706c652e636f6d000120c27a22344b3e2000306e33693263786476366f616932706865683435680001',2);
INSERT INTO index_entries VALUES(8,X'3061646d696e406578616d706c652e636f6d00013061646d696e2534306578616d706c652e636f6d0001',1);
INSERT INTO index_entries VALUES(8,X'30646576406578616d706c652e636f6d0001306465762534306578616d706c652e636f6d0001',9);
INSERT INTO index_entries VALUES(9,X'30686f7374000130686f73742533416c61746573742d30356634623032370001',3);
CREATE TABLE queries (number INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, declaration TEXT NOT NULL);
INSERT INTO queries VALUES(1,'executionsNewestFirst','{"collection":"executions","equal":[],"order":[{"field":"started_at_ms","direction":"desc"}]}');
INSERT INTO queries VALUES(2,'executionsByStatus','{"collection":"executions","equal":[],"oneOf":"status","order":[{"field":"started_at_ms","direction":"desc"}]}');
INSERT INTO queries VALUES(3,'executionsOfUser','{"collection":"executions","equal":["created_by"],"order":[{"field":"started_at_ms","direction":"desc"}]}');
INSERT INTO queries VALUES(4,'executionsUnfinished','{"collection":"executions","equal":["unfinished"],"order":[{"field":"started_at_ms","direction":"asc"}]}');
INSERT INTO queries VALUES(5,'chunksInOrder','{"collection":"log-chunks","equal":["execution_id"],"order":[{"field":"through","direction":"asc"}]}');
INSERT INTO queries VALUES(6,'chunksBackwards','{"collection":"log-chunks","equal":["execution_id"],"order":[{"field":"through","direction":"desc"}]}');
INSERT INTO queries VALUES(7,'keysOfUser','{"collection":"api-keys","equal":["user_email"],"order":[{"field":"created_at_ms","direction":"asc"}]}');
INSERT INTO queries VALUES(8,'usersByEmail','{"collection":"users","equal":[],"order":[{"field":"email","direction":"asc"}]}');
INSERT INTO queries VALUES(9,'imagesByReference','{"collection":"images","equal":[],"order":[{"field":"image","direction":"asc"}]}');
INSERT INTO queries VALUES(10,'outboxOldestFirst','{"collection":"outbox","equal":[],"order":[{"field":"created_at_ms","direction":"asc"}]}');
CREATE UNIQUE INDEX documents_by_id ON documents (collection, id);
CREATE INDEX documents_by_expiry ON documents (expires) WHERE expires IS NOT NULL;
COMMIT;
