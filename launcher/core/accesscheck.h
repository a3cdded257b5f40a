/* SPDX-License-Identifier: MIT
 *
 * The decision that NT makes when an object is opened: a token, a security descriptor and
 * the rights asked for give a verdict, and why.  A model: it explains and it judges
 * plans, nothing is protected by it.
 *
 * Rules and their sources:
 *   the walk over the DACL         [MS-DTYP] 2.5.3.2
 *   deny-only and disabled groups  MS: SID Attributes in an Access Token
 *   owner, OWNER RIGHTS            [MS-DTYP] 2.5.3.2; MS: Security identifiers, S-1-3-4
 *   the two passes                 MS: Restricted Tokens; CreateRestrictedToken, Remarks
 *   WRITE_RESTRICTED               rights_write_restricted
 *   mandatory label                [MS-DTYP] 2.5.3.3; MS: Mandatory Integrity Control
 *   delete through the parent      MS: KB238018; [MS-FSA] 2.1.5.1.2.1
 *   rename                         WDK: FILE_RENAME_INFORMATION, Remarks; Set File
 *                                  Information Processing (the target directory is
 * opened)
 *
 * Not modelled: AppContainer tokens, trust labels, access filters, central policies,
 * object type lists, and conditions (see unsure).  SeBackupPrivilege and
 * SeRestorePrivilege are the file system's business, with its own flag, and are not part
 * of this decision.  Pure, and free of the C library.
 */
#pragma once

#include "core/secdesc.h"

#define ACCESSCHECK_NO_ACE SIZE_MAX

/* Privileges that are part of the decision, held and enabled. */
#define ACCESSCHECK_SE_SECURITY       1u
#define ACCESSCHECK_SE_TAKE_OWNERSHIP 2u
#define ACCESSCHECK_SE_RELABEL        4u

/* The user or a group.  Neither enabled nor deny_only: it does not count. */
struct accesscheck_sid {
    struct sid sid;
    bool enabled;   /* SE_GROUP_ENABLED */
    bool deny_only; /* SE_GROUP_USE_FOR_DENY_ONLY */
};

struct accesscheck_token {
    const struct accesscheck_sid *sid;
    size_t sid_count;
    const struct sid *restricting; /* these have no attributes: they all count */
    size_t restricting_count;      /* 0: not a restricted token */
    bool write_restricted;
    unsigned privileges; /* ACCESSCHECK_SE_… */
    uint32_t level;      /* SID_LEVEL_… */
    bool no_write_up; /* TOKEN_MANDATORY_POLICY_NO_WRITE_UP; false: labels are ignored */
};

enum accesscheck_why {
    ACCESSCHECK_UNASKED,   /* the pass had nothing to decide */
    ACCESSCHECK_ALLOW_ACE, /* gave the last of the rights */
    ACCESSCHECK_OWNER,     /* the owner's implicit rights were enough */
    ACCESSCHECK_PRIVILEGE, /* so was a privilege */
    ACCESSCHECK_NULL_DACL, /* no list: everyone has every right */
    ACCESSCHECK_DOMINATES, /* the token's level is not below the label */
    ACCESSCHECK_DENY_ACE,  /* the first that took a right away */
    ACCESSCHECK_NOT_GIVEN, /* no entry gives what is missing */
    ACCESSCHECK_LABEL, /* the token's level is below the label, whose policy forbids it */
    ACCESSCHECK_NO_PRIVILEGE, /* the SACL needs SeSecurityPrivilege */
};

/* Where a verdict fell. */
enum accesscheck_stage {
    ACCESSCHECK_BY_PRIVILEGE,
    ACCESSCHECK_BY_LABEL,
    ACCESSCHECK_BY_ORDINARY,
    ACCESSCHECK_BY_RESTRICTING,
};

struct accesscheck_pass {
    enum accesscheck_why why;
    size_t ace; /* which entry of the DACL, or ACCESSCHECK_NO_ACE; label: of the SACL,
                   or the default label */
    uint32_t granted; /* what the pass gives, asked or not */
    uint32_t missing; /* of what was asked */
    bool unsure; /* a conditional or object entry could change that; it was taken as a
                    deny if it denies and as nothing if it allows */
};

struct accesscheck_verdict {
    bool allowed;
    uint32_t granted; /* real rights; with MAXIMUM_ALLOWED all there are */
    uint32_t missing;
    enum accesscheck_stage
        stage; /* the first that said no, else the last that was asked */
    struct accesscheck_pass label;
    struct accesscheck_pass ordinary;
    struct accesscheck_pass restricting;
};

/* Decides over any object.  desired may have generic rights and MAXIMUM_ALLOWED, with
 * which nothing at all is a denial. */
void accesscheck_object(const struct accesscheck_token *token, const struct secdesc *sd,
                        uint32_t desired, const struct rights_mapping *mapping,
                        struct accesscheck_verdict *verdict);

struct accesscheck_file_verdict {
    bool allowed;
    uint32_t granted;
    bool by_parent; /* DELETE or FILE_READ_ATTRIBUTES came from the directory it is in */
    struct accesscheck_verdict object;
    struct accesscheck_verdict parent; /* all zero when it was not looked at */
    struct accesscheck_verdict target; /* likewise; accesscheck_rename only */
};

/* Decides over a file or directory on NTFS: DELETE may also come from FILE_DELETE_CHILD
 * on the directory that it is in, and FILE_READ_ATTRIBUTES from FILE_LIST_DIRECTORY.
 * parent NULL: a volume's root. */
void accesscheck_file(const struct accesscheck_token *token, const struct secdesc *sd,
                      const struct secdesc *parent, uint32_t desired,
                      struct accesscheck_file_verdict *verdict);

/* Decides over a rename or move to a name that is free: DELETE as above, and
 * FILE_ADD_FILE, or FILE_ADD_SUBDIRECTORY for a directory, at the target directory, which
 * may be the parent itself.  target NULL: NtSetInformationFile with a bare name, for
 * which the I/O manager opens no directory; MoveFile always gives a path. */
void accesscheck_rename(const struct accesscheck_token *token, const struct secdesc *sd,
                        const struct secdesc *parent, const struct secdesc *target,
                        bool is_directory, struct accesscheck_file_verdict *verdict);
