import type { Plan } from '../../plan/step.ts';
import type { Invocation } from '../shared/invocation.ts';
import { DONE, type Ending } from '../shared/with-run.ts';

/** Shows what would be done. Changes nothing. */
export async function showPlan(plan: Plan, told: Partial<Ending>, invocation: Invocation): Promise<Ending> {
  const { renderPlan } = await import('../../terminal/plan-view.ts');
  invocation.print(renderPlan(plan, new Map(), invocation.look));
  invocation.hub.report({ type: 'plan', steps: plan.steps, onFailure: plan.onFailure });
  return { ...DONE, ...told };
}
