/* What stands in for the headers of the Windows Driver Kit where there is none (driver/wdk/test.sh).
 *
 * Structures are those of xtask/src/layout/windows.h, which were written down apart from
 * driver/nt; constants and functions below were made from driver/nt itself. So this shows that the
 * assertions compile and that they fail, never that driver/nt is right. */

#include "../../../../xtask/src/layout/windows.h"

typedef i32 NTSTATUS;

/* Enumerations, casts and definitions over several lines, as the kit has them. */
typedef enum { KernelMode, UserMode } MODE;
typedef enum { NotificationTimer, SynchronizationTimer } TIMER_TYPE;
typedef enum { CriticalWorkQueue, DelayedWorkQueue } WORK_QUEUE_TYPE;
typedef enum { MIT_GUID = 1, MIT_IF_LUID } NPI_MODULEID_TYPE;

#define DEFINE_GUID(...)

DEFINE_GUID(
    EBPF_PROGRAM_INFO_EXTENSION_IID,
    0x2934ad50, 0x2154, 0x44b6,
    0x96, 0x22, 0x6c, 0x52, 0x8c, 0x06, 0x84, 0x11
);
DEFINE_GUID(
    EBPF_HOOK_EXTENSION_IID,
    0x5d564054, 0x2736, 0x406d,
    0x8b, 0x22, 0x12, 0xbc, 0xff, 0xaf, 0x0a, 0x9f
);
DEFINE_GUID(
    FWPM_LAYER_ALE_FLOW_ESTABLISHED_V4,
    0xaf80470a, 0x5596, 0x4c13,
    0x99, 0x92, 0x53, 0x9e, 0x6f, 0xe5, 0x79, 0x67
);
DEFINE_GUID(
    FWPM_LAYER_ALE_FLOW_ESTABLISHED_V6,
    0x7021d2b3, 0xdfa4, 0x406e,
    0xaf, 0xeb, 0x6a, 0xfa, 0xf7, 0xe7, 0x0e, 0xfd
);
DEFINE_GUID(
    FWPM_LAYER_STREAM_V4,
    0x3b89653c, 0xc170, 0x49e4,
    0xb1, 0xcd, 0xe0, 0xee, 0xee, 0xe1, 0x9a, 0x3e
);
DEFINE_GUID(
    FWPM_LAYER_STREAM_V6,
    0x47c9137a, 0x7ec4, 0x46b3,
    0xb6, 0xe4, 0x48, 0xe9, 0x26, 0xb1, 0xed, 0xa4
);
DEFINE_GUID(
    FWPM_CONDITION_IP_PROTOCOL,
    0x3971ef2b, 0x623e, 0x4f9a,
    0x8c, 0xb1, 0x6e, 0x79, 0xb8, 0x06, 0xb9, 0xa7
);

#define BPF_LINK_TYPE_PLAIN (1)
#define EBPF_RETURN_TYPE_INTEGER (0)
#define EBPF_SUCCESS (0)
#define EBPF_INVALID_ARGUMENT (6)
#define EBPF_NO_MEMORY (12)
#define EVENT_DATA_DESCRIPTOR_TYPE_NONE (0)
#define EVENT_DATA_DESCRIPTOR_TYPE_EVENT_METADATA (1)
#define EVENT_DATA_DESCRIPTOR_TYPE_PROVIDER_METADATA (2)
#define EventProviderSetTraits (2)
#define POOL_FLAG_NON_PAGED (0x40)
#define FWP_EMPTY (0)
#define FWP_UINT8 (1)
#define FWP_UINT16 (2)
#define FWP_UINT32 (3)
#define FWP_UINT64 (4)
#define FWP_BYTE_ARRAY16_TYPE (11)
#define FWP_MATCH_EQUAL (0)
#define FWP_ACTION_BLOCK (0x1001)
#define FWP_ACTION_PERMIT (0x1002)
#define FWP_ACTION_CONTINUE (0x2006)
#define FWP_ACTION_CALLOUT_UNKNOWN (0x4005)
#define FWP_ACTION_CALLOUT_TERMINATING (0x5003)
#define FWP_CONDITION_FLAG_IS_LOOPBACK (0x1)
#define FWP_CONDITION_FLAG_IS_REAUTHORIZE (0x4)
#define FWP_DIRECTION_INBOUND (1)
#define RPC_C_AUTHN_WINNT (10)
#define FWPM_SESSION_FLAG_DYNAMIC (0x1)
#define FWPM_FILTER_FLAG_PERMIT_IF_CALLOUT_UNREGISTERED (0x10)
#define FWPM_SERVICE_RUNNING (3)
#define FWPS_LAYER_STREAM_V4 (20)
#define FWPS_LAYER_STREAM_V6 (22)
#define FWPS_FIELD_ALE_FLOW_ESTABLISHED_V4_IP_LOCAL_ADDRESS (2)
#define FWPS_FIELD_ALE_FLOW_ESTABLISHED_V6_IP_LOCAL_ADDRESS (2)
#define FWPS_FIELD_ALE_FLOW_ESTABLISHED_V4_IP_LOCAL_PORT (4)
#define FWPS_FIELD_ALE_FLOW_ESTABLISHED_V6_IP_LOCAL_PORT (4)
#define FWPS_FIELD_ALE_FLOW_ESTABLISHED_V4_IP_PROTOCOL (5)
#define FWPS_FIELD_ALE_FLOW_ESTABLISHED_V6_IP_PROTOCOL (5)
#define FWPS_FIELD_ALE_FLOW_ESTABLISHED_V4_IP_REMOTE_ADDRESS (6)
#define FWPS_FIELD_ALE_FLOW_ESTABLISHED_V6_IP_REMOTE_ADDRESS (6)
#define FWPS_FIELD_ALE_FLOW_ESTABLISHED_V4_IP_REMOTE_PORT (7)
#define FWPS_FIELD_ALE_FLOW_ESTABLISHED_V6_IP_REMOTE_PORT (7)
#define FWPS_FIELD_ALE_FLOW_ESTABLISHED_V4_IP_LOCAL_INTERFACE (11)
#define FWPS_FIELD_ALE_FLOW_ESTABLISHED_V6_IP_LOCAL_INTERFACE (11)
#define FWPS_FIELD_ALE_FLOW_ESTABLISHED_V4_DIRECTION (12)
#define FWPS_FIELD_ALE_FLOW_ESTABLISHED_V6_DIRECTION (12)
#define FWPS_FIELD_ALE_FLOW_ESTABLISHED_V4_FLAGS (15)
#define FWPS_FIELD_ALE_FLOW_ESTABLISHED_V6_FLAGS (15)
#define FWPS_FIELD_ALE_FLOW_ESTABLISHED_V4_COMPARTMENT_ID (19)
#define FWPS_FIELD_ALE_FLOW_ESTABLISHED_V6_COMPARTMENT_ID (19)
#define FWPS_METADATA_FIELD_FLOW_HANDLE (0x2)
#define FWPS_METADATA_FIELD_PROCESS_ID (0x20)
#define FWPS_METADATA_FIELD_COMPARTMENT_ID (0x800)
#define FWP_CALLOUT_FLAG_CONDITIONAL_ON_FLOW (0x1)
#define FWP_CALLOUT_FLAG_ALLOW_OFFLOAD (0x2)
#define FWP_CALLOUT_FLAG_ALLOW_RSC (0x40)
#define FWPS_CLASSIFY_OUT_FLAG_ABSORB (0x1)
#define FWPS_STREAM_FLAG_RECEIVE (0x1)
#define FWPS_STREAM_ACTION_NONE (0)
#define FILE_DEVICE_NETWORK (0x12)
#define FILE_DEVICE_SECURE_OPEN (0x100)
#define ALL_PROCESSOR_GROUPS (0xffff)
#define MDL_MAPPED_TO_SYSTEM_VA (0x1)
#define MDL_SOURCE_IS_NONPAGED_POOL (0x4)
#define OBJ_CASE_INSENSITIVE (0x40)
#define OBJ_KERNEL_HANDLE (0x200)
#define KEY_READ (0x20019)
#define REG_SZ (1)
#define REG_DWORD (4)
#define KeyValuePartialInformation (2)
#define STATUS_SUCCESS ((NTSTATUS)0L)
#define STATUS_PENDING ((NTSTATUS)0x00000103L)
#define STATUS_OBJECT_NAME_EXISTS ((NTSTATUS)0x40000000L)
#define STATUS_DEVICE_BUSY ((NTSTATUS)0x80000011L)
#define STATUS_UNSUCCESSFUL ((NTSTATUS)0xC0000001L)
#define STATUS_INVALID_PARAMETER ((NTSTATUS)0xC000000DL)
#define STATUS_BUFFER_TOO_SMALL ((NTSTATUS)0xC0000023L)
#define STATUS_OBJECT_NAME_NOT_FOUND ((NTSTATUS)0xC0000034L)
#define STATUS_QUOTA_EXCEEDED ((NTSTATUS)0xC0000044L)
#define STATUS_DELETE_PENDING ((NTSTATUS)0xC0000056L)
#define STATUS_INSUFFICIENT_RESOURCES ((NTSTATUS)0xC000009AL)
#define STATUS_INVALID_DEVICE_STATE ((NTSTATUS)0xC0000184L)
#define STATUS_NOT_FOUND ((NTSTATUS)0xC0000225L)
#define STATUS_NOINTERFACE ((NTSTATUS)0xC00002B9L)
#define STATUS_FWP_CALLOUT_NOT_FOUND ((NTSTATUS)0xC0220001L)
#define STATUS_FWP_FILTER_NOT_FOUND ((NTSTATUS)0xC0220003L)
#define STATUS_FWP_PROVIDER_NOT_FOUND ((NTSTATUS)0xC0220005L)
#define STATUS_FWP_SUBLAYER_NOT_FOUND ((NTSTATUS)0xC0220007L)
#define STATUS_FWP_NOT_FOUND ((NTSTATUS)0xC0220008L)
#define STATUS_FWP_ALREADY_EXISTS ((NTSTATUS)0xC0220009L)
#define STATUS_FWP_IN_USE ((NTSTATUS)0xC022000AL)
#define STATUS_FWP_TXN_ABORTED ((NTSTATUS)0xC022000FL)
#define STATUS_FWP_SESSION_ABORTED ((NTSTATUS)0xC0220010L)

typedef void (*FWPS_CALLOUT_CLASSIFY_FN1)(const void *, const void *, void *, const void *, const void *, u64, void *);
typedef NTSTATUS (*FWPS_CALLOUT_NOTIFY_FN1)(i32, const GUID *, void *);
typedef void (*FWPS_CALLOUT_FLOW_DELETE_NOTIFY_FN0)(u16, u32, u64);
typedef void (*FWPM_SERVICE_STATE_CHANGE_CALLBACK0)(void *, i32);
typedef NTSTATUS (*PNPI_PROVIDER_ATTACH_CLIENT_FN)(void *, void *, void *, void *, const void *, void **, const void **);
typedef NTSTATUS (*PNPI_PROVIDER_DETACH_CLIENT_FN)(void *);
typedef void (*PNPI_PROVIDER_CLEANUP_BINDING_CONTEXT_FN)(void *);
typedef void (*PETWENABLECALLBACK)(const GUID *, u32, u8, u64, u64, void *, void *);
typedef void (*PIO_WORKITEM_ROUTINE)(void *, void *);
typedef void (*PKDEFERRED_ROUTINE)(void *, void *, void *, void *);
typedef void (*PEXPAND_STACK_CALLOUT)(void *);
typedef i32 (*ebpf_program_invoke_function_t)(const void *, void *, u32 *);
typedef i32 (*ebpf_program_batch_begin_invoke_function_t)(usize, void *);
typedef i32 (*ebpf_program_batch_invoke_function_t)(const void *, void *, u32 *, const void *);
typedef i32 (*ebpf_program_batch_end_invoke_function_t)(void *);
typedef i32 (*ebpf_program_context_create_t)(const u8 *, usize, const u8 *, usize, void **);
typedef void (*ebpf_program_context_destroy_t)(void *, u8 *, usize *, u8 *, usize *);

NTSTATUS EtwRegister(void *, function, void *, void *);
NTSTATUS EtwUnregister(u64);
NTSTATUS EtwSetInformation(u64, u32, void *, u32);
NTSTATUS EtwWriteTransfer(u64, void *, void *, void *, u32, void *);
void *ExAllocatePool2(u64, usize, u32);
void ExFreePoolWithTag(void *, u32);
u8 ExAcquireRundownProtection(void *);
void ExReleaseRundownProtection(void *);
void ExWaitForRundownProtectionRelease(void *);
NTSTATUS FwpmEngineOpen0(void *, u32, void *, void *, void *);
NTSTATUS FwpmEngineClose0(void *);
NTSTATUS FwpmTransactionBegin0(void *, u32);
NTSTATUS FwpmTransactionCommit0(void *);
NTSTATUS FwpmTransactionAbort0(void *);
NTSTATUS FwpmProviderAdd0(void *, void *, void *);
NTSTATUS FwpmSubLayerAdd0(void *, void *, void *);
NTSTATUS FwpmCalloutAdd0(void *, void *, void *, void *);
NTSTATUS FwpmFilterAdd0(void *, void *, void *, void *);
NTSTATUS FwpmFilterDeleteById0(void *, u64);
NTSTATUS FwpmBfeStateSubscribeChanges0(void *, function, void *, void *);
NTSTATUS FwpmBfeStateUnsubscribeChanges0(void *);
i32 FwpmBfeStateGet0(void);
NTSTATUS FwpsCalloutRegister1(void *, void *, void *);
NTSTATUS FwpsCalloutUnregisterById0(u32);
NTSTATUS FwpsFlowAssociateContext0(u64, u16, u32, u64);
NTSTATUS FwpsFlowRemoveContext0(u64, u16, u32);
NTSTATUS FwpsFlowAbort0(u64);
void FwpsCopyStreamDataToBuffer0(void *, void *, usize, void *);
NTSTATUS IoCreateDevice(void *, u32, void *, u32, u32, u8, void *);
void IoDeleteDevice(void *);
void *IoAllocateWorkItem(void *);
void IoFreeWorkItem(void *);
void IoQueueWorkItem(void *, function, i32, void *);
u32 KeGetCurrentProcessorNumberEx(void *);
u32 KeQueryMaximumProcessorCountEx(u16);
NTSTATUS KeGetProcessorNumberFromIndex(u32, void *);
void KeSetSystemGroupAffinityThread(void *, void *);
void KeRevertToUserGroupAffinityThread(void *);
u8 KeAcquireSpinLockRaiseToDpc(void *);
void KeReleaseSpinLock(void *, u8);
NTSTATUS KeExpandKernelStackAndCalloutEx(function, void *, usize, u8, void *);
void KeQuerySystemTimePrecise(void *);
NTSTATUS KeDelayExecutionThread(char, u8, void *);
void KeInitializeTimerEx(void *, i32);
u8 KeSetTimerEx(void *, long long, i32, void *);
u8 KeCancelTimer(void *);
void KeInitializeDpc(void *, function, void *);
void KeFlushQueuedDpcs(void);
long long KeQueryPerformanceCounter(void *);
NTSTATUS NmrRegisterProvider(void *, void *, void *);
NTSTATUS NmrDeregisterProvider(void *);
NTSTATUS NmrWaitForProviderDeregisterComplete(void *);
void NmrProviderDetachClientComplete(void *);
NTSTATUS ZwOpenKey(void *, u32, void *);
NTSTATUS ZwQueryValueKey(void *, void *, i32, void *, u32, void *);
NTSTATUS ZwClose(void *);
