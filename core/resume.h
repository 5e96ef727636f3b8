/*
** resume.h - bodies that stopped half-way, and how they go on
**
** A body marked transaction:false is no single transaction: when it fails, what ran before stays.
** The log says how far it came (ledger.h, lim_stop); here stands what follows from that.
*/
#ifndef LIM_RESUME_H
#define LIM_RESUME_H

#include "plan.h"

/* The stop of this run of the revision; NULL: none. */
const lim_stop *lim_stop_of(const lim_ledger *ledger, const lim_graph *g, const lim_state *state,
                            lim_node n, bool up);

/* The statement to go on with. */
uint32_t lim_stop_next(const lim_stop *stop);

/* All that hold, one a line, in the order of the ledger; NULL for none (and for LIM_NOMEM). */
const char *lim_stops_text(lim_context *cx, const lim_ledger *ledger, const lim_graph *g,
                           const lim_state *state);

/* Refuses (LIM_STATE) a run that passes over a body which stopped half-way: it must be among what the
** plan goes on with, by the same text. */
bool lim_resume_refusal(lim_context *cx, lim_dialect dialect, const lim_ledger *ledger,
                        const lim_graph *g, const lim_state *state, const lim_plan *plan);

/* Refuses (LIM_STATE) a plan that would run a body which stopped half-way from its beginning: an
** offline script. */
bool lim_resume_none(lim_context *cx, lim_dialect dialect, const lim_ledger *ledger,
                     const lim_graph *g, const lim_state *state, const lim_plan *plan);

/* Refuses (LIM_STATE) to take a revision away whose body stopped half-way (checksum NULL), or to give it
** another text than the one of which a part has run. */
bool lim_resume_keeps(lim_context *cx, const lim_ledger *ledger, const lim_graph *g,
                      const lim_state *state, lim_node n, const char *checksum);

/* The revisions whose stops a stamp ends without being about them: they count as applied afterwards, or as
** not applied. The log has to say so, or the stop would be there again after the next stamp. False:
** LIM_NOMEM. */
bool lim_stops_ended(lim_context *cx, const lim_ledger *ledger, const lim_graph *g,
                     const lim_state *state, const lim_plan *plan, lim_list *revisions);

/* The plan of CALL migrate_apply: an upgrade, or a downgrade when the target is below. */
bool lim_plan_apply(lim_context *cx, lim_graph *g, const lim_state *state, const char *text,
                    lim_plan *plan);

/* What a DBA's word (`applied` or `not applied`) on a revision that stopped does to the version rows:
** a plan of one step, or of none when they are right as they are. */
bool lim_plan_resolve(lim_context *cx, const lim_ledger *ledger, lim_graph *g,
                      const lim_state *state, const char *revision, const char *outcome,
                      lim_plan *plan, lim_node *node);

#endif
