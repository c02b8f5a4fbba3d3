import Type from 'typebox';

/** Every error answer. */
export const ErrorSchema = Type.Object(
  {
    error: Type.String({ description: 'The name of the status.' }),
    code: Type.String({ description: 'What went wrong, as one stable word.' }),
    details: Type.String({ description: 'What was received and what to do, for a person.' }),
    request_id: Type.String({ description: 'As in `X-Request-Id`.' }),
    type: Type.String({ format: 'uri', description: 'The code as a URN, RFC 9457.' }),
    title: Type.String({ description: 'As `error`, RFC 9457.' }),
    status: Type.Integer({ description: 'The status, RFC 9457.' }),
  },
  { title: 'Error' },
);
