//! Windows: job objects, process times, two renames in place of an exchange.

#![expect(unsafe_code, reason = "the Win32 calls that std does not wrap")]

use std::ffi::OsString;
use std::io;
use std::mem::size_of;
use std::os::windows::ffi::{OsStrExt, OsStringExt};
use std::os::windows::io::{AsRawHandle, FromRawHandle, OwnedHandle};
use std::os::windows::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command};
use std::ptr::null;
use std::time::{Duration, Instant};

use windows_sys::Win32::Foundation::{
    FILETIME, HANDLE, HANDLE_FLAG_INHERIT, STILL_ACTIVE, SetHandleInformation, WAIT_OBJECT_0,
};
use windows_sys::Win32::Storage::FileSystem::GetDiskFreeSpaceExW;
use windows_sys::Win32::System::Console::{
    GetStdHandle, STD_ERROR_HANDLE, STD_INPUT_HANDLE, STD_OUTPUT_HANDLE,
};
use windows_sys::Win32::System::JobObjects::{
    AssignProcessToJobObject, CreateJobObjectW, JOB_OBJECT_LIMIT_KILL_ON_JOB_CLOSE,
    JOBOBJECT_EXTENDED_LIMIT_INFORMATION, JobObjectExtendedLimitInformation, SetInformationJobObject,
    TerminateJobObject,
};
use windows_sys::Win32::System::Threading::{
    CREATE_NEW_PROCESS_GROUP, CREATE_NO_WINDOW, GetExitCodeProcess, GetProcessTimes, OpenProcess,
    PROCESS_NAME_WIN32, PROCESS_QUERY_LIMITED_INFORMATION, PROCESS_SYNCHRONIZE, PROCESS_TERMINATE,
    QueryFullProcessImageNameW, TerminateProcess, WaitForSingleObject,
};

use super::{Exchange, RunningProcess};
use crate::files::Access;

/// Keeps Ctrl-C on the console from reaching a child before we have decided what to do.
pub fn prepare_supervised(command: &mut Command) {
    command.creation_flags(CREATE_NEW_PROCESS_GROUP);
}

/// A supervised child with everything it spawned: a job, which the system ends when we are gone.
#[derive(Debug)]
pub struct ProcessTree(Option<OwnedHandle>);

impl ProcessTree {
    /// Puts a child that was just spawned into its own job.
    pub fn of(child: &Child) -> ProcessTree {
        // SAFETY: no pointer is passed but to a structure that outlives the call; the handle is owned at once.
        unsafe {
            let job = CreateJobObjectW(null(), null());
            if job.is_null() {
                return ProcessTree(None);
            }
            let owned = OwnedHandle::from_raw_handle(job);
            let mut limits: JOBOBJECT_EXTENDED_LIMIT_INFORMATION = std::mem::zeroed();
            limits.BasicLimitInformation.LimitFlags = JOB_OBJECT_LIMIT_KILL_ON_JOB_CLOSE;
            let size = u32::try_from(size_of::<JOBOBJECT_EXTENDED_LIMIT_INFORMATION>()).unwrap_or(0);
            SetInformationJobObject(
                job,
                JobObjectExtendedLimitInformation,
                (&raw const limits).cast(),
                size,
            );
            AssignProcessToJobObject(job, child.as_raw_handle());
            ProcessTree(Some(owned))
        }
    }

    /// Windows has no way to ask a process without a window; it is ended.
    pub fn terminate(&self) {
        self.kill();
    }

    /// Ends all of them.
    pub fn kill(&self) {
        if let Some(job) = &self.0 {
            // SAFETY: the handle is open as long as `self`.
            unsafe { TerminateJobObject(job.as_raw_handle(), 1) };
        }
    }
}

/// A process that may be ended. An open handle keeps its pid from coming to mean another process.
#[derive(Debug)]
pub struct ProcessHandle(OwnedHandle);

impl ProcessHandle {
    /// A handle to the process that has this pid now. Check its identity after opening, not before.
    pub fn open(pid: u32) -> Option<ProcessHandle> {
        open(
            pid,
            PROCESS_QUERY_LIMITED_INFORMATION | PROCESS_SYNCHRONIZE | PROCESS_TERMINATE,
        )
        .map(ProcessHandle)
    }

    /// Windows has no way to ask a process without a window; it is ended.
    pub fn terminate(&self) {
        self.kill();
    }

    /// Ends the process.
    pub fn kill(&self) {
        // SAFETY: the handle is open as long as `self`.
        unsafe { TerminateProcess(self.0.as_raw_handle(), 1) };
    }

    /// Whether the process ended before `deadline`.
    pub fn ended_before(&self, deadline: Instant) -> bool {
        let left = deadline
            .saturating_duration_since(Instant::now())
            .min(Duration::from_secs(3600));
        // SAFETY: the handle is open as long as `self`.
        let waited = unsafe {
            WaitForSingleObject(
                self.0.as_raw_handle(),
                u32::try_from(left.as_millis()).unwrap_or(u32::MAX),
            )
        };
        waited == WAIT_OBJECT_0
    }
}

/// What runs under `pid`, or `None`.
pub fn running_process(pid: u32) -> Option<RunningProcess> {
    let process = open(pid, PROCESS_QUERY_LIMITED_INFORMATION)?;
    let handle: HANDLE = process.as_raw_handle();
    let zero = FILETIME {
        dwLowDateTime: 0,
        dwHighDateTime: 0,
    };
    let (mut created, mut exited, mut kernel, mut user) = (zero, zero, zero, zero);
    let mut name = vec![0_u16; 32 << 10];
    let mut length = u32::try_from(name.len()).ok()?;
    let mut exit_code = 0;
    // SAFETY: every pointer is to a local that outlives the calls; `length` is the buffer's own.
    let named = unsafe {
        if GetExitCodeProcess(handle, &raw mut exit_code) == 0 || exit_code != STILL_ACTIVE as u32 {
            return None;
        }
        if GetProcessTimes(
            handle,
            &raw mut created,
            &raw mut exited,
            &raw mut kernel,
            &raw mut user,
        ) == 0
        {
            return None;
        }
        QueryFullProcessImageNameW(handle, PROCESS_NAME_WIN32, name.as_mut_ptr(), &raw mut length) != 0
    };
    let stamp = u64::from(created.dwHighDateTime) << 32 | u64::from(created.dwLowDateTime);
    let executable = named.then(|| OsString::from_wide(&name[..length as usize]).into());
    Some(RunningProcess {
        pid,
        started_at: stamp.to_string(),
        executable,
        is_stopped: false,
    })
}

/// Windows start stamps are times of day, so they need no name of the boot.
pub fn boot_id() -> Option<String> {
    None
}

/// Windows only reports that a file is locked.
pub fn lock_holders(_path: &Path) -> Vec<u32> {
    Vec::new()
}

/// Spawns a process without its own console or ours, and has it recorded. When that fails the process is ended.
/// (If this process ends between the two, one is left behind; it finds no state that names it and ends by itself.)
///
/// # Errors
/// Of `record`, or of the spawning itself.
pub fn spawn_recorded<E: From<io::Error> + Send>(
    mut command: Command,
    record: impl FnOnce(u32) -> Result<(), E>,
) -> Result<Child, E> {
    command.creation_flags(CREATE_NEW_PROCESS_GROUP | CREATE_NO_WINDOW);
    keep_own_streams();
    let mut child = command.spawn()?;
    if let Err(error) = record(child.id()) {
        let _ = child.kill();
        let _ = child.wait();
        return Err(error);
    }
    Ok(child)
}

/// Keeps our own streams out of children that outlive us: std lets a child inherit everything inheritable, and
/// a reader of our output would wait for the end of the child.
fn keep_own_streams() {
    for stream in [STD_INPUT_HANDLE, STD_OUTPUT_HANDLE, STD_ERROR_HANDLE] {
        // SAFETY: a stream that is closed or missing has a handle that the call refuses.
        unsafe { SetHandleInformation(GetStdHandle(stream), HANDLE_FLAG_INHERIT, 0) };
    }
}

/// Renames a directory, retrying for some seconds: a virus scanner that checks files just written keeps them open, and
/// with them their directory.
pub fn rename(from: &Path, to: &Path) -> io::Result<()> {
    let deadline = Instant::now() + Duration::from_secs(5);
    loop {
        match fs_err::rename(from, to) {
            Err(error) if error.kind() == io::ErrorKind::PermissionDenied && Instant::now() < deadline => {
                std::thread::sleep(Duration::from_millis(50));
            }
            ended => return ended,
        }
    }
}

/// Windows cannot exchange two directories in one step.
pub fn exchange(_one: &Path, _other: &Path) -> io::Result<Exchange> {
    Ok(Exchange::Unsupported)
}

/// Bytes that this user may still write below `path`, when the system tells.
pub fn free_space(path: &Path) -> Option<u64> {
    let wide: Vec<u16> = path.as_os_str().encode_wide().chain([0]).collect();
    let mut free = 0;
    // SAFETY: the path ends with a zero, and `free` outlives the call.
    let told = unsafe {
        GetDiskFreeSpaceExW(
            wide.as_ptr(),
            &raw mut free,
            std::ptr::null_mut(),
            std::ptr::null_mut(),
        )
    };
    (told != 0).then_some(free)
}

/// Directories need no such step on Windows.
pub fn sync_directory(_path: &Path) -> io::Result<()> {
    Ok(())
}

/// Writes everything below a directory through to the disk.
pub fn sync_tree(path: &Path) -> io::Result<()> {
    super::sync_each(path)
}

/// Windows has no such mounts.
pub fn forbids_programs(_path: &Path) -> bool {
    false
}

/// Windows decides by the folder's access list.
pub fn keep_writes_private() {}

/// Windows decides by access lists; the only way to know is to try.
pub fn is_writable(path: &Path) -> bool {
    fs_err::metadata(path).is_ok_and(|found| found.is_dir())
}

/// Only the user can access files below the user's own folders, and there is no execute bit.
pub fn set_access(_file: &std::fs::File, _access: Access) -> io::Result<()> {
    Ok(())
}

/// Only the user can access what is below the user's own folders.
pub fn private_file(options: &mut fs_err::OpenOptions) -> &mut fs_err::OpenOptions {
    options
}

fn open(pid: u32, access: u32) -> Option<OwnedHandle> {
    // SAFETY: the handle is owned at once, and not when it is null.
    unsafe {
        let handle = OpenProcess(access, 0, pid);
        (!handle.is_null()).then(|| OwnedHandle::from_raw_handle(handle))
    }
}
/// A console has Ctrl-C as a key while keys are read, and needs no other mode before.
pub struct KeyByKey;

impl KeyByKey {
    /// Nothing: see above.
    pub fn on_stdin() -> Option<KeyByKey> {
        None
    }
}
