/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * From VMMCALL to handler and back (TLFS "Hypercall Interface").
 *
 * The checks stand in the order the TLFS and its clients expect: unknown code, then privilege,
 * then form, then memory. Input is copied before anything in it is judged, because other VPs of
 * the caller can write to it at any time.
 */
#include "abi/hv_cpuid.h"
#include "core/hypercall/hypercall.h"
#include "core/hypervisor.h"
#include "core/lib/string.h"
#include "core/lp.h"

enum form { FORM_SIMPLE, FORM_REP, FORM_VAR, FORM_VARREP };
enum target { TARGET_SELF_ONLY, TARGET_CHILD, TARGET_ALONE, TARGET_ANY };

#define HIGH(bits) ((u64)(bits) << 32)

#define PRIV_NONE	  0
#define PRIV_CPU	  HIGH(HV_FEATURE_EBX_CPU_MANAGEMENT)
#define PRIV_CREATE	  HIGH(HV_FEATURE_EBX_CREATE_PARTITIONS)
#define PRIV_PARTITION_ID HIGH(HV_FEATURE_EBX_ACCESS_PARTITION_ID)
#define PRIV_MEMORY_POOL  HIGH(HV_FEATURE_EBX_ACCESS_MEMORY_POOL)
#define PRIV_VP_REGISTERS HIGH(HV_FEATURE_EBX_ACCESS_VP_REGISTERS)
#define PRIV_CREATE_PORT  HIGH(HV_FEATURE_EBX_CREATE_PORT)
#define PRIV_CONNECT_PORT HIGH(HV_FEATURE_EBX_CONNECT_PORT)
#define PRIV_STATS	  HIGH(HV_FEATURE_EBX_ACCESS_STATS)

struct hypercall_row {
	enum hv_status (*handler)(struct call *call);
	u64 privilege;
	u16 header;
	u16 element;
	u16 out;
	u16 family; /* VP counter index */
	u8 form;
	u8 target;
};

#define ROWS 0x140

static const struct hypercall_row rows[ROWS] = {
#define HYPERCALL(code, name, form, header, element, out, target, privilege, family)               \
	[code] = {call_##name, privilege, header, element, out, STAT_VP_##family##Hypercalls,      \
		FORM_##form, TARGET_##target},
#include "abi/hypercalls.def"
#undef HYPERCALL
};

#define MAX_REPS 4095

/* The control word taken apart (TLFS: hypercall input value). */
struct control {
	u32 rep_count;
	u32 rep_start;
	u32 variable; /* bytes */
	bool fast;
};

static const struct hypercall_row *find_row(u64 control)
{
	u64 code = control & HV_HYPERCALL_CODE_MASK;

	if (code >= ROWS)
		return NULL;
	/* The branch may be mispredicted; the index must stay in the table all the same. */
	code &= (code - ROWS) >> 63 ? ~0ull : 0;
	return rows[code].handler ? &rows[code] : NULL;
}

static enum hv_status check_form(const struct hypercall_row *row, u64 word, struct control *c)
{
	bool rep = row->form == FORM_REP || row->form == FORM_VARREP;

	c->rep_count = word >> HV_HYPERCALL_REP_COUNT_SHIFT & MAX_REPS;
	c->rep_start = word >> HV_HYPERCALL_REP_START_SHIFT & MAX_REPS;
	c->variable = 8 * (u32)(word >> HV_HYPERCALL_VARHEAD_SHIFT & 0x3ff);
	c->fast = word & HV_HYPERCALL_FAST;
	if (word & (HV_HYPERCALL_RESERVED_MASK | HV_HYPERCALL_NESTED))
		return HV_STATUS_INVALID_HYPERCALL_INPUT;
	if (rep ? c->rep_start >= c->rep_count : c->rep_start || c->rep_count)
		return HV_STATUS_INVALID_HYPERCALL_INPUT;
	if (c->variable && row->form != FORM_VAR && row->form != FORM_VARREP)
		return HV_STATUS_INVALID_HYPERCALL_INPUT;
	if (c->fast && (rep || row->header > 16 || row->out || c->variable))
		return HV_STATUS_INVALID_HYPERCALL_INPUT;
	return HV_STATUS_SUCCESS;
}

/* Sizes of what is in memory, from the row and the control word. */
static u32 input_size(const struct hypercall_row *row, const struct control *c)
{
	return row->header + c->variable + row->element * c->rep_count;
}

static u32 output_size(const struct hypercall_row *row, const struct control *c)
{
	return c->rep_count ? row->out * c->rep_count : row->out;
}

static enum hv_status check_address(u64 gpa, u32 size)
{
	if (!size)
		return HV_STATUS_SUCCESS;
	if (gpa & 7)
		return HV_STATUS_INVALID_ALIGNMENT;
	return (gpa & PAGE_MASK) + size > PAGE_SIZE ? HV_STATUS_INVALID_ALIGNMENT
						    : HV_STATUS_SUCCESS;
}

/* SELF and the caller's own id mean the caller; other ids must be its children. */
static enum hv_status find_target(const struct hypercall_row *row, struct call *call)
{
	struct partition *caller = call->vp->partition;
	u64 id;

	call->target = caller;
	if (row->target == TARGET_SELF_ONLY)
		return HV_STATUS_SUCCESS;
	memcpy(&id, call->input, sizeof(id));
	if (id == HV_PARTITION_ID_SELF || id == caller->id)
		return row->target == TARGET_ANY ? HV_STATUS_SUCCESS : HV_STATUS_ACCESS_DENIED;
	call->target = caller->is_root ? partition_get(id, row->target == TARGET_ALONE) : NULL;
	/* Its tables may be walked: partition_flush() waits for us. */
	(void)atomic_exchange(&lp_self()->target, call->target);
	return call->target ? HV_STATUS_SUCCESS : HV_STATUS_INVALID_PARTITION_ID;
}

static enum hv_status invoke(const struct hypercall_row *row, struct call *call)
{
	enum hv_status status = find_target(row, call);

	call->vp->stats[row->family]++;
	if (status != HV_STATUS_SUCCESS)
		return status;
	status = row->handler(call);
	atomic_store(&lp_self()->target, NULL);
	if (call->target != call->vp->partition)
		partition_put(call->target);
	return status;
}

/* Fetches the input into this LP's buffer. False: the GPA is not readable. */
static bool copy_in(
	struct vp *vp, const struct hypercall_frame *frame, u32 size, bool fast, u8 *buffer)
{
	const void *memory;

	if (fast) {
		memcpy(buffer, &frame->input, 8);
		memcpy(buffer + 8, &frame->output, 8);
		return true;
	}
	if (!size)
		return true;
	memory = partition_memory(vp->partition, frame->input, SLAT_READ);
	if (memory)
		memcpy(buffer, memory, size);
	return memory != NULL;
}

/*
 * Writes what the handler produced to the caller's page. It was there before the handler ran; if
 * another VP of the caller has taken it away since, the output has nowhere to go.
 */
static void copy_out(const struct hypercall_row *row, const struct control *c,
	enum hv_status status, const struct call *call, u64 gpa)
{
	u8 *memory = partition_memory(call->vp->partition, gpa, SLAT_READ | SLAT_WRITE);
	const u8 *output = call->output;
	u32 first = row->out * c->rep_start;

	if (!memory)
		return;
	if (c->rep_count)
		memcpy(memory + first, output + first, row->out * call->reps_done - first);
	else if (status == HV_STATUS_SUCCESS)
		memcpy(memory, output, row->out);
}

/* Everything that can be refused without looking at guest memory. */
static enum hv_status check(const struct vp *vp, const struct hypercall_row *row,
	const struct hypercall_frame *frame, struct control *c)
{
	enum hv_status status;

	if ((vp->partition->privileges & row->privilege) != row->privilege)
		return HV_STATUS_ACCESS_DENIED;
	status = check_form(row, frame->control, c);
	if (status != HV_STATUS_SUCCESS || c->fast)
		return status;
	status = check_address(frame->input, input_size(row, c));
	return status != HV_STATUS_SUCCESS ? status
					   : check_address(frame->output, output_size(row, c));
}

/* DOC: hypercall */
enum hypercall_verdict hypercall_run(
	struct vp *vp, const struct hypercall_frame *frame, u64 *result)
{
	const struct hypercall_row *row = find_row(frame->control);
	struct lp *lp = lp_self();
	struct call call = {
		.vp = vp, .frame = frame, .input = lp->call_input, .output = lp->call_output};
	struct control control;
	enum hv_status status;
	bool output = row && row->out && frame->output;

	if (!row) {
		stat_vp(vp, OtherHypercalls)++;
		*result = HV_STATUS_INVALID_HYPERCALL_CODE;
		return HYPERCALL_DONE;
	}
	status = check(vp, row, frame, &control);
	if (status != HV_STATUS_SUCCESS) {
		vp->stats[row->family]++;
		*result = status;
		return HYPERCALL_DONE;
	}
	if (!copy_in(vp, frame, input_size(row, &control), control.fast, lp->call_input)) {
		*result = frame->input;
		return HYPERCALL_MEMORY;
	}
	if (output) {
		if (!partition_memory(vp->partition, frame->output, SLAT_READ | SLAT_WRITE)) {
			*result = frame->output | 1;
			return HYPERCALL_MEMORY;
		}
		memset(lp->call_output, 0, output_size(row, &control));
	}
	call.list = lp->call_input + row->header;
	call.list_bytes = control.fast ? 0 : input_size(row, &control) - row->header;
	call.rep_count = control.rep_count;
	call.reps_done = control.rep_start;
	status = invoke(row, &call);
	if (output)
		copy_out(row, &control, status, &call, frame->output);
	if (status == HV_STATUS_SUCCESS && call.reps_done < call.rep_count) {
		*result = call.reps_done;
		return HYPERCALL_CONTINUE;
	}
	*result = (u64)status | (u64)call.reps_done << HV_HYPERCALL_RESULT_REPS_SHIFT;
	return HYPERCALL_DONE;
}

enum outcome hypercall_enter(struct vp *vp)
{
	struct hypercall_frame frame = {
		.control = vp->regs.gpr[RCX],
		.input = vp->regs.gpr[RDX],
		.output = vp->regs.gpr[R8],
	};
	enum hypercall_verdict verdict;
	u64 result;

	if (!hypervisor.backend->privileged_64(vp))
		return FAULT_UD;
	verdict = hypercall_run(vp, &frame, &result);
	if (verdict == HYPERCALL_DONE) {
		vp->regs.gpr[RAX] = result;
		return ADVANCE;
	}
	if (verdict == HYPERCALL_CONTINUE) {
		/* The instruction is executed again from the new start, with interrupts between. */
		vp->regs.gpr[RCX] = (frame.control & ~HV_HYPERCALL_REP_START_MASK) |
				    result << HV_HYPERCALL_REP_START_SHIFT;
		return RESUME;
	}
	/* The parent has nothing to give for output to a page of ours. */
	if (vp->partition->is_root ||
		((result & 1) && partition_covered(vp->partition, result & ~1ull)))
		return FAULT_GP;
	message_memory(vp, result & ~1ull, result & 1 ? INTERCEPT_WRITE : INTERCEPT_READ, false);
	return RESUME;
}
