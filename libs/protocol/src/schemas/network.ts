import Type from 'typebox';

/** What a run may reach. */
export const NetworkSchema = Type.Union([Type.Literal('default'), Type.Literal('none')]);
