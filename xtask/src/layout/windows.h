/* The structures that Windows and eBPF for Windows share with the driver, in C.
 *
 * Written down from the public documentation, field by field, apart from the declarations in
 * driver/nt: a test compiles this for Windows on x64 and compares what the C compiler makes of it
 * with what the driver states. Sources are named where the driver declares the same structure.
 * Types whose inside does not matter are pointers to void; enumerations are 32 bits. */

typedef unsigned char u8;
typedef unsigned short u16;
typedef short i16;
typedef unsigned int u32;
typedef int i32;
typedef unsigned long long u64;
typedef u64 usize;
typedef void (*function)(void);

_Static_assert(sizeof(long) == 4 && sizeof(void *) == 8, "this is not Windows on a 64-bit machine");

typedef struct { u32 Data1; u16 Data2; u16 Data3; u8 Data4[8]; } GUID;

/* The I/O manager and the kernel. */

typedef struct { u16 Length; u16 MaximumLength; u16 *Buffer; } UNICODE_STRING;

typedef struct {
    i16 Type;
    i16 Size;
    void *DeviceObject;
    u32 Flags;
    void *DriverStart;
    u32 DriverSize;
    void *DriverSection;
    void *DriverExtension;
    UNICODE_STRING DriverName;
    UNICODE_STRING *HardwareDatabase;
    void *FastIoDispatch;
    function DriverInit;
    function DriverStartIo;
    function DriverUnload;
    function MajorFunction[28];
} DRIVER_OBJECT;

typedef struct {
    u32 Length;
    void *RootDirectory;
    UNICODE_STRING *ObjectName;
    u32 Attributes;
    void *SecurityDescriptor;
    void *SecurityQualityOfService;
} OBJECT_ATTRIBUTES;

typedef struct {
    u32 TitleIndex;
    u32 Type;
    u32 DataLength;
    u8 Data[1];
} KEY_VALUE_PARTIAL_INFORMATION;

typedef struct { u16 Group; u8 Number; u8 Reserved; } PROCESSOR_NUMBER;

typedef struct { usize Mask; u16 Group; u16 Reserved[3]; } GROUP_AFFINITY;

typedef struct { void *Flink; void *Blink; } LIST_ENTRY;

typedef struct {
    union {
        i32 Lock;
        struct { u8 Type; u8 Bytes[3]; };
    };
    i32 SignalState;
    LIST_ENTRY WaitListHead;
} DISPATCHER_HEADER;

typedef struct {
    DISPATCHER_HEADER Header;
    u64 DueTime;
    LIST_ENTRY TimerListEntry;
    void *Dpc;
    u16 Processor;
    u16 TimerType;
    u32 Period;
} KTIMER;

typedef struct {
    u8 Type;
    u8 Importance;
    u16 Number;
    void *Next;
    usize ProcessorHistory;
    function DeferredRoutine;
    void *DeferredContext;
    void *SystemArgument1;
    void *SystemArgument2;
    void *DpcData;
} KDPC;

/* Event tracing. */

typedef struct {
    u16 Id;
    u8 Version;
    u8 Channel;
    u8 Level;
    u8 Opcode;
    u16 Task;
    u64 Keyword;
} EVENT_DESCRIPTOR;

typedef struct {
    u64 Ptr;
    u32 Size;
    union {
        u32 Reserved;
        struct { u8 Type; u8 Reserved1; u16 Reserved2; };
    };
} EVENT_DATA_DESCRIPTOR;

typedef struct { u64 Ptr; u32 Size; u32 Type; } EVENT_FILTER_DESCRIPTOR;

/* Network data. The last two go on after what is here. */

typedef struct MDL {
    struct MDL *Next;
    i16 Size;
    i16 MdlFlags;
    void *Process;
    void *MappedSystemVa;
    void *StartVa;
    u32 ByteCount;
    u32 ByteOffset;
} MDL;

typedef struct NET_BUFFER {
    struct NET_BUFFER *Next;
    MDL *CurrentMdl;
    u32 CurrentMdlOffset;
    union { u32 DataLength; usize stDataLength; };
    MDL *MdlChain;
    u32 DataOffset;
} NET_BUFFER;

typedef struct NET_BUFFER_LIST {
    struct NET_BUFFER_LIST *Next;
    NET_BUFFER *FirstNetBuffer;
} NET_BUFFER_LIST;

/* The network module registrar. */

typedef struct { u32 LowPart; i32 HighPart; } LUID;

typedef struct {
    u16 Length;
    i32 Type;
    union { GUID Guid; LUID IfLuid; };
} NPI_MODULEID;

typedef struct {
    u16 Version;
    u16 Size;
    const GUID *NpiId;
    const NPI_MODULEID *ModuleId;
    u32 Number;
    const void *NpiSpecificCharacteristics;
} NPI_REGISTRATION_INSTANCE;

typedef struct {
    u16 Version;
    u16 Length;
    function ProviderAttachClient;
    function ProviderDetachClient;
    function ProviderCleanupBindingContext;
    NPI_REGISTRATION_INSTANCE ProviderRegistrationInstance;
} NPI_PROVIDER_CHARACTERISTICS;

/* The filtering engine: what callouts and management share. */

typedef struct { u8 byteArray16[16]; } FWP_BYTE_ARRAY16;

typedef struct { u32 size; u8 *data; } FWP_BYTE_BLOB;

typedef struct {
    i32 type;
    union {
        u8 uint8;
        u16 uint16;
        u32 uint32;
        u64 *uint64;
        float float32;
        double *double64;
        FWP_BYTE_ARRAY16 *byteArray16;
        FWP_BYTE_BLOB *byteBlob;
    };
} FWP_VALUE0;

typedef struct {
    i32 type;
    union {
        u8 uint8;
        u16 uint16;
        u32 uint32;
        u64 *uint64;
        float float32;
        double *double64;
        FWP_BYTE_ARRAY16 *byteArray16;
        FWP_BYTE_BLOB *byteBlob;
        void *rangeValue;
    };
} FWP_CONDITION_VALUE0;

/* Callouts. */

typedef struct { FWP_VALUE0 value; } FWPS_INCOMING_VALUE0;

typedef struct {
    u16 layerId;
    u32 valueCount;
    FWPS_INCOMING_VALUE0 *incomingValue;
} FWPS_INCOMING_VALUES0;

typedef struct { i32 discardModule; u32 discardReason; u64 filterId; } FWPS_DISCARD_METADATA0;

/* Goes on after what is here. */
typedef struct {
    u32 currentMetadataValues;
    u32 flags;
    u64 reserved;
    FWPS_DISCARD_METADATA0 discardMetadata;
    u64 flowHandle;
    u32 ipHeaderSize;
    u32 transportHeaderSize;
    FWP_BYTE_BLOB *processPath;
    u64 token;
    u64 processId;
    u32 sourceInterfaceIndex;
    u32 destinationInterfaceIndex;
    u32 compartmentId;
} FWPS_INCOMING_METADATA_VALUES0;

typedef struct {
    u32 actionType;
    u64 outContext;
    u64 filterId;
    u32 rights;
    u32 flags;
    u32 reserved;
} FWPS_CLASSIFY_OUT0;

typedef struct {
    NET_BUFFER_LIST *netBufferList;
    NET_BUFFER *netBuffer;
    MDL *mdl;
    u32 mdlOffset;
    u32 netBufferOffset;
    usize streamDataOffset;
} FWPS_STREAM_DATA_OFFSET0;

typedef struct {
    u32 flags;
    FWPS_STREAM_DATA_OFFSET0 dataOffset;
    usize dataLength;
    NET_BUFFER_LIST *netBufferListChain;
} FWPS_STREAM_DATA0;

typedef struct {
    FWPS_STREAM_DATA0 *streamData;
    usize missedBytes;
    u32 countBytesRequired;
    usize countBytesEnforced;
    i32 streamAction;
} FWPS_STREAM_CALLOUT_IO_PACKET0;

typedef struct { u32 type; u32 calloutId; } FWPS_ACTION0;

typedef struct {
    u16 fieldId;
    u16 reserved;
    i32 matchType;
    FWP_CONDITION_VALUE0 conditionValue;
} FWPS_FILTER_CONDITION0;

typedef struct {
    u64 filterId;
    FWP_VALUE0 weight;
    u16 subLayerWeight;
    u16 flags;
    u32 numFilterConditions;
    FWPS_FILTER_CONDITION0 *filterCondition;
    FWPS_ACTION0 action;
    u64 context;
    void *providerContext;
} FWPS_FILTER1;

typedef struct {
    GUID calloutKey;
    u32 flags;
    function classifyFn;
    function notifyFn;
    function flowDeleteFn;
} FWPS_CALLOUT1;

/* Management. */

typedef struct { u16 *name; u16 *description; } FWPM_DISPLAY_DATA0;

typedef struct {
    GUID sessionKey;
    FWPM_DISPLAY_DATA0 displayData;
    u32 flags;
    u32 txnWaitTimeoutInMSec;
    u32 processId;
    void *sid;
    u16 *username;
    i32 kernelMode;
} FWPM_SESSION0;

typedef struct {
    GUID providerKey;
    FWPM_DISPLAY_DATA0 displayData;
    u32 flags;
    FWP_BYTE_BLOB providerData;
    u16 *serviceName;
} FWPM_PROVIDER0;

typedef struct {
    GUID subLayerKey;
    FWPM_DISPLAY_DATA0 displayData;
    u32 flags;
    GUID *providerKey;
    FWP_BYTE_BLOB providerData;
    u16 weight;
} FWPM_SUBLAYER0;

typedef struct {
    GUID calloutKey;
    FWPM_DISPLAY_DATA0 displayData;
    u32 flags;
    GUID *providerKey;
    FWP_BYTE_BLOB providerData;
    GUID applicableLayer;
    u32 calloutId;
} FWPM_CALLOUT0;

typedef struct {
    u32 type;
    union { GUID filterType; GUID calloutKey; };
} FWPM_ACTION0;

typedef struct {
    GUID fieldKey;
    i32 matchType;
    FWP_CONDITION_VALUE0 conditionValue;
} FWPM_FILTER_CONDITION0;

typedef struct {
    GUID filterKey;
    FWPM_DISPLAY_DATA0 displayData;
    u32 flags;
    GUID *providerKey;
    FWP_BYTE_BLOB providerData;
    GUID layerKey;
    GUID subLayerKey;
    FWP_VALUE0 weight;
    u32 numFilterConditions;
    FWPM_FILTER_CONDITION0 *filterCondition;
    FWPM_ACTION0 action;
    union { u64 rawContext; GUID providerContextKey; };
    GUID *reserved;
    u64 filterId;
    FWP_VALUE0 effectiveWeight;
} FWPM_FILTER0;

/* eBPF for Windows. */

typedef struct { u16 version; usize size; usize total_size; } ebpf_extension_header_t;

typedef struct {
    ebpf_extension_header_t header;
    GUID supported_program_type;
    i32 bpf_attach_type;
    i32 link_type;
} ebpf_attach_provider_data_t;

typedef struct {
    ebpf_extension_header_t header;
    const void *data;
    usize data_size;
    u64 prog_attach_flags;
} ebpf_extension_data_t;

typedef struct { i32 size; i32 data; i32 end; i32 meta; } ebpf_ctx_descriptor_t;

typedef struct {
    ebpf_extension_header_t header;
    const char *name;
    const ebpf_ctx_descriptor_t *context_descriptor;
    GUID program_type;
    u32 bpf_prog_type;
    char is_privileged;
} ebpf_program_type_descriptor_t;

typedef struct {
    ebpf_extension_header_t header;
    u32 helper_id;
    const char *name;
    i32 return_type;
    i32 arguments[5];
    struct { _Bool reallocate_packet : 1; } flags;
    _Bool implicit_context;
} ebpf_helper_function_prototype_t;

typedef struct {
    ebpf_extension_header_t header;
    const ebpf_program_type_descriptor_t *program_type_descriptor;
    u32 count_of_program_type_specific_helpers;
    const ebpf_helper_function_prototype_t *program_type_specific_helper_prototype;
    u32 count_of_global_helpers;
    const ebpf_helper_function_prototype_t *global_helper_prototype;
} ebpf_program_info_t;

typedef struct {
    ebpf_extension_header_t header;
    u32 helper_function_count;
    u64 *helper_function_address;
} ebpf_helper_function_addresses_t;

typedef struct {
    ebpf_extension_header_t header;
    const ebpf_program_info_t *program_info;
    const ebpf_helper_function_addresses_t *program_type_specific_helper_function_addresses;
    const ebpf_helper_function_addresses_t *global_helper_function_addresses;
    function context_create;
    function context_destroy;
    u8 required_irql;
    union {
        u32 value;
        struct { _Bool reserved : 1; };
    } capabilities;
} ebpf_program_data_t;

typedef struct {
    u16 version;
    u16 count;
    function ebpf_program_invoke_function;
    function ebpf_program_batch_begin_invoke_function;
    function ebpf_program_batch_invoke_function;
    function ebpf_program_batch_end_invoke_function;
} ebpf_extension_program_dispatch_table_t;

typedef struct {
    ebpf_extension_header_t header;
    const u16 *section_name;
    const GUID *program_type;
    const GUID *attach_type;
    u32 bpf_program_type;
    u32 bpf_attach_type;
} ebpf_program_section_info_t;

typedef struct {
    u64 epoch_state[4];
    union { u64 thread; u32 cpu; } id;
    u8 current_irql;
    struct { const void *next_program; u32 count; } tail_call_state;
} ebpf_execution_context_state_t;
