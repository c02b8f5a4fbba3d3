import { apisOf } from '../apis.ts';
import type { DeploymentSettings } from '../deployment-settings.ts';
import { refusalText, type GoogleRest } from '../google-rest.ts';
import { failed, ok, unknown, type Finding } from './finding.ts';

/** One rule of an effective policy, as the Organization Policy API writes it. */
interface Rule {
  readonly allowAll?: boolean;
  readonly denyAll?: boolean;
  readonly enforce?: boolean;
  readonly values?: { readonly allowedValues?: readonly string[]; readonly deniedValues?: readonly string[] };
}

interface Judged {
  readonly says: string;
  readonly fix: string;
}

/** A constraint that an organisation may have set, and when it keeps a deployment from working. */
type Constraint = (rules: readonly Rule[], settings: DeploymentSettings) => Judged | undefined;

const isEnforced = (rules: readonly Rule[]): boolean => rules.some(({ enforce }) => enforce === true);
const isPublic = ({ variables }: DeploymentSettings): boolean => variables['public_access'] !== 'no-iam-check';
const again = ({ project }: DeploymentSettings): string => `runvoy infra apply --project ${project}`;

const CONSTRAINTS: Readonly<Record<string, Constraint>> = {
  'iam.allowedPolicyMemberDomains': (rules, settings) =>
    isPublic(settings) && rules.some(({ denyAll, values }) => denyAll || values?.allowedValues)
      ? {
          says: 'grants roles to members of some domains alone, and never to allUsers, who reach API, intake and live view',
          fix: `${again(settings)} --public-access no-iam-check`,
        }
      : undefined,
  'iam.managed.allowedPolicyMembers': (rules, settings) =>
    isPublic(settings) && isEnforced(rules)
      ? {
          says: 'grants roles to some members alone, and hardly to allUsers, who reach API, intake and live view',
          fix: `${again(settings)} --public-access no-iam-check`,
        }
      : undefined,
  'run.managed.requireInvokerIam': (rules, settings) =>
    !isPublic(settings) && isEnforced(rules)
      ? {
          says: 'wants Cloud Run to check who calls every service, which public_access no-iam-check switches off',
          fix: `${again(settings)} --public-access all-users, or have the project excepted from it`,
        }
      : undefined,
  'run.allowedIngress': (rules) =>
    allows(rules, ['all', 'is:all'])
      ? undefined
      : {
          says: 'lets no service of Cloud Run be reached from everywhere, as runners reach the intake',
          fix: exceptedFrom('run.allowedIngress'),
        },
  'gcp.resourceLocations': (rules, { region }) =>
    allows(rules, [region, `in:${region}-locations`, `is:${region}`, ...groupsOf(region)])
      ? undefined
      : {
          says: `does not name ${region} among the places where something may be made`,
          fix: `Choose a region that it names (--region), or have ${region} added: gcloud org-policies describe gcp.resourceLocations --effective --project PROJECT`,
        },
  'gcp.restrictServiceUsage': (rules, settings) => {
    const refused = apisOf(settings).filter((api) => !allows(rules, [api, `is:${api}`]));
    if (refused.length === 0) return undefined;
    return { says: `refuses ${refused.join(', ')}`, fix: exceptedFrom('gcp.restrictServiceUsage') };
  },
  'iam.disableServiceAccountCreation': (rules) =>
    isEnforced(rules)
      ? {
          says: 'lets nobody make a service account, and each service has one of its own',
          fix: exceptedFrom('iam.disableServiceAccountCreation'),
        }
      : undefined,
  'gcp.restrictNonCmekServices': (rules, settings) => {
    const keyed = (settings.variables['kms_stores'] ?? []) as readonly string[];
    const bare = Object.entries(STORES).flatMap(([api, store]) =>
      !keyed.includes(store) && !allows(rules, [api, `is:${api}`]) ? [store] : [],
    );
    if (bare.length === 0) return undefined;
    return {
      says: `wants keys of yours for ${bare.join(', ')}`,
      fix: `Name them in a file, {"kms_stores": ${JSON.stringify([...keyed, ...bare])}}, and ${again(settings)} --settings FILE`,
    };
  },
};

const STORES: Readonly<Record<string, string>> = {
  'secretmanager.googleapis.com': 'secrets',
  'firestore.googleapis.com': 'firestore',
  'storage.googleapis.com': 'storage',
  'pubsub.googleapis.com': 'pubsub',
  'artifactregistry.googleapis.com': 'artifact_registry',
};

/** Whether an organisation's policies refuse what a deployment makes. One that nobody set refuses nothing. */
export async function lookAtPolicies(google: GoogleRest, settings: DeploymentSettings): Promise<readonly Finding[]> {
  const { project } = settings;
  const findings = await Promise.all(
    Object.entries(CONSTRAINTS).map(async ([constraint, judge]): Promise<Finding | undefined> => {
      const path = `v2/projects/${project}/policies/${constraint}:getEffectivePolicy`;
      const answer = await google.ask('orgpolicy.googleapis.com', path);
      if (answer.status === 404) return undefined;
      if (answer.status !== 200) {
        const fix = `An admin of the organisation sees it: gcloud org-policies describe ${constraint} --effective --project ${project}`;
        return unknown('policies', `${constraint} could not be read: ${refusalText(answer)}`, fix);
      }
      const { rules = [] } = (answer.body['spec'] ?? {}) as { readonly rules?: readonly Rule[] };
      const broken = judge(rules, settings);
      return broken && failed('policies', `${constraint} ${broken.says}`, broken.fix.replace('PROJECT', project));
    }),
  );
  const said = findings.filter((finding) => finding !== undefined);
  return said.length > 0 ? said : [ok('policies', `none of ${findings.length} is in the way`)];
}

/** No rule denies it, and where some are named, one of the spellings is among them. */
function allows(rules: readonly Rule[], spellings: readonly string[]): boolean {
  return rules.every(({ denyAll, values = {} }) => {
    const { allowedValues, deniedValues = [] } = values;
    if (denyAll === true || spellings.some((spelling) => deniedValues.includes(spelling))) return false;
    return allowedValues === undefined || spellings.some((spelling) => allowedValues.includes(spelling));
  });
}

/** Google's groups that hold every region of a continent; `eu` leaves out London and Zurich. */
function groupsOf(region: string): readonly string[] {
  const [continent = ''] = region.split('-');
  const isOfEu = continent === 'europe' && !['europe-west2', 'europe-west6'].includes(region);
  return [`in:${continent}-locations`, ...(isOfEu ? ['in:eu-locations'] : [])];
}

const exceptedFrom = (constraint: string): string =>
  `Have the project excepted, by an admin of the organisation: gcloud org-policies delete ${constraint} --project PROJECT, or a policy of its own that allows it`;
