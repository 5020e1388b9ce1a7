"""What can go wrong with a job."""

from uuid import UUID

from kaquan.foundation.errors import ExitCode, KaquanError


def job_unknown(job_id: UUID | str) -> KaquanError:
    """It does not exist, or is someone else's: both look alike."""
    return KaquanError(
        "job_unknown",
        zh=f"没有任务“{job_id}”，或不在您的管辖范围内。",
        en=f'There is no job "{job_id}", or not one of yours.',
    )


def job_not_repeatable() -> KaquanError:
    """It went well, goes on, or was asked for by somebody else."""
    return KaquanError(
        "job_not_repeatable",
        zh="只有自己提交的、已失败或已取消的任务可以重新执行。",
        en="Only what failed or was cancelled can be run again, and only by whoever asked for it.",
    )


def jobs_too_many(limit: int) -> KaquanError:
    """One caller's jobs that have not ended fill the queue."""
    return KaquanError(
        "jobs_too_many",
        zh=f"尚未完成的任务已有 {limit} 个；请等其中一些完成。",
        en=f"There are {limit} jobs that have not ended yet; wait for some of them.",
        exit_code=ExitCode.UNAVAILABLE,
    )


def job_file_gone(job_id: UUID) -> KaquanError:
    """It had no file, or the file's days are over."""
    return KaquanError(
        "job_file_gone",
        zh=f"任务“{job_id}”没有结果文件，或文件已过保留期；需要时请重新执行。",
        en=f'The job "{job_id}" has no result file, or its days are over; run it again.',
    )


class JobEndedError(KaquanError):
    """Whoever works on the job must stop: it was cancelled, has ended, or others took it over."""

    def __init__(self, job_id: UUID) -> None:
        super().__init__(
            "job_ended",
            zh=f"任务“{job_id}”已结束、被取消，或已由其他进程接手。",
            en=f'The job "{job_id}" has ended, was cancelled, or is done by another process now.',
        )


class JobInterruptedError(Exception):
    """The process that works on the job is ending; the job goes back to the queue."""
