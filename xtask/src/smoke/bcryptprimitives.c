// The one function of Windows' bcryptprimitives.dll that Rust's standard library asks for, as wine before 10 lacks it.
int __stdcall SystemFunction036(void *bytes, unsigned long count);

__declspec(dllexport) int __stdcall ProcessPrng(unsigned char *bytes, unsigned long long count) {
    return SystemFunction036(bytes, (unsigned long)count);
}

int __stdcall _DllMainCRTStartup(void *module, unsigned long reason, void *reserved) {
    return 1;
}
