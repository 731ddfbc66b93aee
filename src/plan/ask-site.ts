import type { SiteAnswer, Step } from './step.ts';

/** What of the site the question goes by. */
export interface AskedSite {
  /** The status that the healthy site answers; undefined without a health URL. */
  readonly healthyStatus: number | undefined;
  /** What the site answers before anything has begun; undefined where nobody has asked. */
  readonly answered?: SiteAnswer | undefined;
}

/** What a web server answers that has nobody behind it, whatever the database holds. */
const UNSERVED: readonly (SiteAnswer | undefined)[] = ['nothing', 502, 503, 504];

/** The last step of a way forward: what nobody served before, nobody needs to serve now. */
export function askSite({ healthyStatus, answered }: AskedSite): Step | false {
  return (
    healthyStatus !== undefined && ask('health', healthyStatus, UNSERVED.includes(answered) ? answered : undefined)
  );
}

/** The last step of a way back: what is as it was before may be as broken as it was. */
export function askSiteBack({ healthyStatus, answered }: AskedSite): Step | false {
  if (healthyStatus === undefined) return false;
  return ask('health-back', healthyStatus, answered === healthyStatus ? undefined : answered);
}

function ask(id: string, expect: number, excused: SiteAnswer | undefined): Step {
  return {
    id,
    phase: 'health',
    title: 'Ask the site',
    input: { expect, ...(excused === undefined ? {} : { excused }) },
  };
}
